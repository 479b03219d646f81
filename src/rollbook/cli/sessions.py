"""`rollbook session` and `register`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from rollbook.cli import common
from rollbook.cli.policies import LIMITS, policy_called
from rollbook.cli.register import ERASED, counted, counts, evidence_row, record_row
from rollbook.cli.times import parse_time
from rollbook.domain.attendance import (
    POLICIES,
    SCHOOL_LESSON,
    Session,
    plan_session,
    to_utc,
)
from rollbook.errors import InvalidInput

USUAL_LENGTH = timedelta(minutes=45)
COMMAND_LINE = "command line"
SHOWN = 50  # sessions in a table
YEARS = range(1900, 3000)

session_app = typer.Typer(no_args_is_help=True, help="Open, close and look at sessions.")


@session_app.command("open")
def open_session(
    group: Annotated[str, typer.Argument(help="Name of the group, or the beginning of its id.")],
    start: Annotated[str | None, typer.Option(help="HH:MM; by default now.")] = None,
    end: Annotated[str | None, typer.Option(help="HH:MM; by default after 45 minutes.")] = None,
    day: Annotated[str | None, typer.Option("--date", help="YYYY-MM-DD; by default today.")] = None,
    title: Annotated[str, typer.Option(help="For example the subject that is taught.")] = "",
    policy: Annotated[
        str, typer.Option(help=f"One of: {', '.join(POLICIES)}.")
    ] = SCHOOL_LESSON.name,
    limits: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="LIMIT=MINUTES",
            help=f"Change one of the policy's limits: {', '.join(LIMITS)}. May be repeated.",
        ),
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Open a session of a group; times are those of the site's time zone."""
    from rollbook.services.finding import find_group

    app = common.open_app()
    starts_at, ends_at, business_date = planned(start, end, day, app.zone, app.clock.now())
    with app.uow() as uow:
        found = find_group(uow, group)
        count = len(uow.groups.roster(found.group_id, business_date))
    session = app.register.open_session(
        found.group_id,
        starts_at,
        ends_at,
        business_date=business_date,
        title=title,
        policy=policy_called(policy, limits or ()),
    )
    row = _session_row(session, found.name, app.zone)
    if as_json:
        common.print_json({**row, "people": count})
        return
    times = f"{row['date']} {row['start']}-{row['end']}"
    common.say(f"Session {session.session_id} is open: {found.name}, {times}, {count} people.")


def planned(
    start: str | None, end: str | None, day: str | None, zone: ZoneInfo, now: datetime
) -> tuple[datetime, datetime, date]:
    """Return (starts_at, ends_at, business date) of what was typed.

    Raises:
        InvalidInput: a time or date cannot be read, or another day is given without a start.
    """
    local_now = now.astimezone(zone)
    on = local_now.date() if day is None else _date(day)
    if start is None and on != local_now.date():
        raise InvalidInput("Say when the session starts on that day: --start HH:MM")
    begin = (
        local_now.time().replace(second=0, microsecond=0) if start is None else parse_time(start)
    )
    if end is not None:
        return plan_session(on, begin, parse_time(end), zone)
    starts_at = to_utc(on, begin, zone)
    return starts_at, starts_at + USUAL_LENGTH, starts_at.astimezone(zone).date()


def _date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is not a date; write it as YYYY-MM-DD, like 2025-04-01."
        ) from error
    if day.year not in YEARS:  # at the ends of the calendar there is no time before or after
        raise InvalidInput(f"{text!r} is too far away. Is the year right?")
    return day


@session_app.command("close")
def close_session(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="Id, or its beginning.")],
    as_json: common.JsonOption = False,
) -> None:
    """Close a session: who was not seen is absent, and its marks become one sealed sheet."""
    app = common.open_app()
    session = app.register.close_session(session_id)
    found = counts(app.register.records(session.session_id))
    if as_json:
        common.print_json({"session": session.session_id, "state": "closed", "counts": found})
        return
    common.say(f"Session {session.session_id} is closed: {counted(found)}.")


@session_app.command("start")
def start_session(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="Id, or its beginning.")],
    as_json: common.JsonOption = False,
) -> None:
    """Open a planned session now, before it opens by itself."""
    app = common.open_app()
    session = app.session_life.open(session_id, COMMAND_LINE)
    if as_json:
        common.print_json({"session": session.session_id, "state": session.state.value})
        return
    common.say(f"Session {session.session_id} is {session.state.value}.")


@session_app.command("cancel")
def cancel_session(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="Id, or its beginning.")],
    as_json: common.JsonOption = False,
) -> None:
    """Call a session off: it takes no marks and counts nowhere."""
    app = common.open_app()
    session = app.session_life.cancel(session_id, COMMAND_LINE)
    if as_json:
        common.print_json({"session": session.session_id, "state": session.state.value})
        return
    common.say(f"Session {session.session_id} is called off.")


@session_app.command("plan")
def plan_sessions(as_json: common.JsonOption = False) -> None:
    """Plan the next weeks of the timetable, and open and close what is due, once."""
    app = common.open_app()
    planned_now = app.timetable.plan_ahead(COMMAND_LINE)
    done = app.due.run_due()
    if as_json:
        common.print_json({"planned": planned_now, "done": done})
        return
    common.say(f"{planned_now} sessions were planned anew; {done} pieces of due work were done.")


@session_app.command("list")
def list_sessions(
    group: Annotated[str | None, typer.Option(help="Only of this group.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
    everything: Annotated[bool, typer.Option("--all", help=f"More than {SHOWN} rows.")] = False,
    as_json: common.JsonOption = False,
) -> None:
    """List sessions, the latest last."""
    from rollbook.services.finding import find_group

    app = common.open_app()
    with app.uow() as uow:
        group_id = None if group is None else find_group(uow, group).group_id
        names = {found.group_id: found.name for found in uow.groups.all()}
        sessions = uow.sessions.all(group_id=group_id, open_only=open_only)
    shown = sessions if everything or as_json else sessions[-SHOWN:]
    zone = app.zone
    rows = [_session_row(session, names[session.group_id], zone) for session in shown]
    columns = ["session", "group", "title", "date", "start", "end", "state", "invented"]
    if not as_json and not any(row["invented"] for row in rows):
        columns.remove("invented")
    if not as_json:
        rows = [row | {"session": row["session"][:8]} for row in rows]
    empty = "There are no sessions. Open one with: rollbook session open GROUP"
    common.print_table(columns, rows, as_json=as_json, empty=empty)
    if len(shown) < len(sessions):
        common.say(f"{len(sessions) - len(shown)} earlier ones are shown with --all.")


def _session_row(session: Session, group: str, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "session": session.session_id,
        "group": group,
        "title": session.title,
        "date": session.business_date.isoformat(),
        "start": session.starts_at.astimezone(zone).strftime("%H:%M"),
        "end": session.ends_at.astimezone(zone).strftime("%H:%M"),
        "state": session.state.value,
        "policy": session.policy.name,
        "invented": session.invented,
    }


@session_app.command("show")
def show_session(
    session_id: Annotated[str, typer.Argument(metavar="SESSION", help="Id, or its beginning.")],
    as_json: common.JsonOption = False,
) -> None:
    """Show who was there, when they came, and why the register says so."""
    app = common.open_app()
    with app.uow() as uow:
        session = uow.sessions.get(session_id)
        group = uow.groups.get(session.group_id).name
        names = uow.subjects.names()
    records = app.register.records(session.session_id)
    records.sort(key=lambda record: names.get(record.subject_id, ERASED).casefold())
    rows = [record_row(record, names, app.zone) for record in records]
    about = _session_row(session, group, app.zone)
    if as_json:
        people = [
            {**row, **evidence_row(record, names)}
            for row, record in zip(rows, records, strict=True)
        ]
        common.print_json({**about, "people": people, "counts": counts(records)})
        return
    title = f" {session.title}" if session.title else ""
    invented = " (invented)" if session.invented else ""
    common.say(
        f"{group}{title}{invented}, {about['date']} {about['start']}-{about['end']}, "
        f"{session.state.value}"
    )
    columns = ["person", "status", "arrived", "left", "why"]
    common.print_table(columns, rows, as_json=False, empty="Nobody is on the roster of that day.")
    if records:
        common.say(f"{counted(counts(records))}.")


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(session_app, name="session")
    app.command("register")(show_session)
