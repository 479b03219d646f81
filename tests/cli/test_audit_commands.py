"""Whatever a command changes is an entry: each command says which, and most are done here once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import typer.main

from cli.test_sessions import Desk
from rollbook.bootstrap.keys import key_source
from rollbook.cli.main import app
from rollbook.domain.attendance import SessionState
from rollbook.domain.register import EntryKind

Words = Callable[[Desk], list[str]]


@dataclass(frozen=True, slots=True)
class Act:
    """A command that is really run, and the event of the entry that it leaves."""

    command: str
    event: str
    words: Words = lambda desk: []


def _ada(*more: str) -> Words:
    return lambda desk: ["Ada [bold]", *more]


def _folder(desk: Desk) -> str:
    return str(desk.home.parent / "disk")


def _session(state: SessionState) -> Words:
    def found(desk: Desk) -> list[str]:
        with desk.app.uow() as uow:
            return [uow.sessions.all(states=[state])[0].session_id]

    return found


def _mark(desk: Desk) -> list[str]:
    (session,) = _session(SessionState.OPEN)(desk)
    return ["Bob", "--session", session, "--status", "present"]


TERMS = ("--text", "v1", "--given-by", "their mother")
ACTS = (
    Act("consent record", "recorded", _ada(*TERMS)),
    Act("consent withdraw", "withdrawn", _ada()),
    Act("group add", "group added", lambda desk: ["8b"]),
    Act("group join", "joined", lambda desk: ["8b", "Bob"]),
    Act("group leave", "left", lambda desk: ["8b", "Bob"]),
    Act("person add", "added", lambda desk: ["Cleo"]),
    Act("person minor", "renamed", lambda desk: ["Cleo", "--yes"]),
    Act("person rename", "renamed", lambda desk: ["Cleo", "Chloe"]),
    Act("person remove", "removed", lambda desk: ["Chloe", "--yes"]),
    Act("user add", "added", lambda desk: ["alice", "--role", "administrator"]),
    Act("user reset", "one-time code", lambda desk: ["alice"]),
    Act("user add", "added", lambda desk: ["dora", "--role", "auditor"]),
    Act("user disable", "disabled", lambda desk: ["dora"]),
    Act("session open", "opened", lambda desk: ["7a [red]"]),
    Act("mark", "status", _mark),
    Act("session close", "closed", _session(SessionState.OPEN)),
    Act(
        "export",
        "exported",
        lambda desk: [
            "--month", f"{desk.app.today():%Y-%m}", "--format", "csv",
            "--out", str(desk.home.parent / "month.csv"),
        ],
    ),
    Act(
        "access",
        "access given",
        lambda desk: ["Bob", "--out", str(desk.home.parent / "bob.zip")],
    ),
    Act("anchor", "anchor made", lambda desk: ["--out", str(desk.home.parent / "anchor.txt")]),
    Act("backup", "backup destination added", lambda desk: ["--add", _folder(desk)]),
    Act("backup", "backup schedule", lambda desk: ["--daily", "03:15"]),
    Act("backup", "backup made"),
    Act(
        "keys escrow",
        "recovery sheet made",
        lambda desk: ["--sheet", str(desk.home.parent / "sheet.pdf")],
    ),
    Act("keys rotate", "keys: rotation done", lambda desk: ["--data"]),
    Act("erase", "removed", lambda desk: ["Bob", "--yes"]),
)  # fmt: skip
ELSEWHERE: Mapping[str, str] = {
    "enrol-folder": "tests/cli/test_enrol_command.py",
    "import": "tests/services/test_importing.py",
    "photo": "tests/cli/test_watch.py",
    "purge": "tests/cli/test_purge.py",
    "restore": "tests/test_restore_drill.py",
    "review dismiss": "tests/services/test_reviewing.py",
    "samples add": "tests/cli/test_enrol_command.py",
    "samples delete": "tests/cli/test_enrol_command.py",
    "session cancel": "tests/cli/test_sessions.py",
    "session plan": "tests/cli/test_sessions.py",
    "session start": "tests/cli/test_sessions.py",
    "watch": "tests/cli/test_watch.py",
    "keys lock": "tests/cli/test_key_safety.py",
    "keys move": "tests/cli/test_key_safety.py",
    "keys recover": "tests/test_lost_key_drill.py",
    "keys remove-file": "tests/cli/test_key_safety.py",
    "keys unlock": "tests/cli/test_key_safety.py",
}
READS = "it only reads"
NOTHING: Mapping[str, str] = {
    **dict.fromkeys(
        ("group list", "keys status", "keys where", "person list", "person show", "register"), READS
    ),
    **dict.fromkeys(
        (
            "review list",
            "samples list",
            "session list",
            "session show",
            "user list",
            "doctor",
            "verify",
            "verify-export",
            "messages list",
        ),
        READS,
    ),
    "bench": "measures this machine",
    "dashboard": "shows what is in the register, on this machine, to who reads its terminal",
    "decrypt": "opens a file that was exported; that is an entry of its own",
    "demo": "makes a site of its own",
    "encode": "shows what the networks say of a picture",
    "evaluate calibrate": "measures networks on pictures of strangers",
    "evaluate centre": "measures networks on pictures of strangers",
    "evaluate detection": "measures networks on pictures of strangers",
    "evaluate identification": "measures networks on pictures of strangers",
    "evaluate verification": "measures networks on pictures of strangers",
    "init": "there is no register before it",
    "keys new": "prints a key that nothing uses yet",
    "messages send": "sends what has its entry already; what is given up leaves one",
    "messages test": "a test tells nobody anything about anybody",
    "up": "the server; what is done in it has its entries",
    "upgrade": "the program; its backup and migration have their entries",
}


@pytest.fixture(scope="module")
def desk(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("commands") / "book"))
    (home.parent / "disk").mkdir()
    key_source.cache_clear()
    opened = Desk(home)
    yield opened
    opened.app.database.close()


def commands(node: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    below = getattr(node, "commands", None)
    if below is None:
        yield " ".join(path)
    else:
        for name, one in below.items():
            yield from commands(one, (*path, name))


def test_every_command_says_what_it_leaves_in_the_register() -> None:
    told = {act.command for act in ACTS} | set(ELSEWHERE) | set(NOTHING)
    assert told == set(commands(typer.main.get_command(app)))
    tests = Path(__file__).resolve().parent.parent.parent
    assert all((tests / file).exists() for file in ELSEWHERE.values())


@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS, ids=lambda act: f"{act.command}: {act.event}")
def test_what_a_command_does_is_in_the_register(act: Act, desk: Desk) -> None:
    with desk.app.uow() as uow:
        before = uow.register.count()
    done = desk.run(*act.command.split(), *act.words(desk))
    assert done.exit_code == 0, done.output
    with desk.app.uow() as uow:
        entries = uow.register.entries(limit=100, down_to=before + 1)
    told = [
        "exported"
        if one.kind is EntryKind.EXPORT
        else str(one.body.get("event", one.body.get("kind")))
        for one in entries
    ]
    assert act.event in told, (told, done.output)
