"""`rollbook messages`: what is on its way, sending it now, and a test of a channel."""

from __future__ import annotations

from typing import Annotated

import typer

from rollbook.cli import common

messages_app = typer.Typer(no_args_is_help=True, help="Messages to guardians, people and staff.")


def list_messages(
    failed: Annotated[
        bool, typer.Option("--failed", help="Only those that were given up.")
    ] = False,
    as_json: common.JsonOption = False,
) -> None:
    """List the newest messages, without names and addresses."""
    from rollbook.domain.messages import MessageState

    app = common.open_app()
    rows = app.outbox.failures() if failed else app.outbox.newest(tuple(MessageState))
    shown = [
        {
            "id": row.message_id[:8],
            "kind": row.event.kind.value,
            "state": row.state.value,
            "when": (row.over_at or row.due_at).astimezone(app.zone).isoformat(" ", "minutes"),
            "attempts": row.attempts,
            "reason": row.reason,
        }
        for row in rows
    ]
    columns = ("id", "kind", "state", "when", "attempts", "reason")
    common.print_table(columns, shown, as_json=as_json, empty="There are no messages.")


def send() -> None:
    """Send what is due now; a site that runs does so by itself every half minute."""
    app = common.open_app()
    found = app.outbox.run()
    failures = len(app.outbox.failures())
    common.say(f"{found} messages were due.")
    if failures:
        common.say(f"Given up: {failures}. See them with: rollbook messages list --failed")


def test(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Its name.")],
    to: Annotated[str, typer.Argument(metavar="ADDRESS", help="An e-mail address or number.")] = "",
) -> None:
    """Send a test by a channel; exit code 1 when it is not accepted."""
    from rollbook.errors import NotificationError

    app = common.open_app()
    found = [one for one in app.message_settings.channels() if one.name == channel]
    if not found:
        known = ", ".join(one.name for one in app.message_settings.channels()) or "none"
        raise common.fail(f"There is no such channel. There are: {known}")
    try:
        app.outbox.try_out(found[0], to, "en", "Rollbook")
    except NotificationError as error:
        raise common.fail(str(error)) from error
    common.say("The provider has taken the test. Look whether it arrives.")


def commands(app: typer.Typer) -> None:
    messages_app.command("list")(list_messages)
    messages_app.command("send")(send)
    messages_app.command("test")(test)
    app.add_typer(messages_app, name="messages")
