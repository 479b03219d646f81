"""What a start notes in the register, and mends beside the keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from builders import DAY, make_class
from rollbook.bootstrap import App, build
from rollbook.cli.main import app as program
from rollbook.cli.up import ready
from rollbook.domain.access import Role
from rollbook.services.accounts import NewAccount
from rollbook.settings import Settings
from rollbook.storage.row_digests import SqlRowDigests

NOTED = "Accounts, settings and groups were noted in the register as they were found."
MENDED = "lacked 1 of whom the register tells"
ADMIN = "administrator alice"
STRANGER = "e" * 32


@contextmanager
def earlier_version() -> Iterator[None]:
    """Write entries that carry no digests of rows, as before there were any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqlRowDigests, "take", lambda self: {})
        yield


@pytest.fixture
def earlier(book: Path) -> App:
    """A site that an earlier version began."""
    app = build(Settings(home=book))
    with earlier_version():
        make_class(app.uow, ["Ada", "Grace"])
        app.accounts.add(NewAccount("bob", Role.FACULTY), ADMIN)
        app.backups.set_keep(7, ADMIN)
    return app


@pytest.fixture
def start(book: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return what does all that `rollbook up` does before it serves, and returns what it says."""

    def started() -> str:
        capsys.readouterr()
        ready(Settings(home=book))
        said = capsys.readouterr()
        return " ".join((said.out + said.err).split())

    return started


def verify(app: App) -> tuple[int, str]:
    words = ["--home", str(app.settings.home), "verify"]
    found = CliRunner().invoke(program, words)
    return found.exit_code, " ".join(found.output.split())


def entries(app: App) -> int:
    with app.uow() as uow:
        return uow.register.count()


def bob(app: App) -> str:
    with app.uow() as uow:
        (user,) = uow.users.all()
    return user.user_id


def write(app: App, statement: str) -> None:
    """Change the database without Rollbook."""
    with closing(sqlite3.connect(app.settings.home / "rollbook.db")) as connection, connection:
        assert connection.execute(statement).rowcount == 1


def put_back(app: App, table: str, key: str, change: Callable[[App], object]) -> None:
    """Write the sealed part of a table's rows as it was before a change."""
    with closing(sqlite3.connect(app.settings.home / "rollbook.db")) as connection:
        before = connection.execute(f"SELECT payload, {key} FROM {table}").fetchall()
        change(app)
        with connection:
            connection.executemany(f"UPDATE {table} SET payload = ? WHERE {key} = ?", before)


def test_the_first_start_after_the_upgrade_notes_all_rows_and_the_next_ones_nothing(
    earlier: App, start: Callable[[], str]
) -> None:
    before = entries(earlier)
    code, said = verify(earlier)
    assert code == 0 and "The next rollbook up notes how it finds them" in said
    assert NOTED in start()
    assert entries(earlier) == before + 1
    assert start() == "" and start() == ""
    assert entries(earlier) == before + 1
    code, said = verify(earlier)
    assert code == 0, said
    assert f"agree with what entry {before + 1} and those after it tell" in said
    assert "compared only as far as older entries tell of them" in said


def test_a_new_register_has_nothing_older_to_speak_of(book: Path, start: Callable[[], str]) -> None:
    app = build(Settings(home=book))
    app.accounts.add(NewAccount("bob", Role.FACULTY), ADMIN)
    assert start() == ""
    code, said = verify(app)
    assert code == 0 and "agree with what entry 1 and those after it tell" in said
    assert "older entries" not in said


def stranger(app: App) -> None:
    with app.uow() as uow:
        (group,) = uow.groups.all()
    write(
        app,
        "INSERT INTO memberships (group_id, subject_id, since) "
        f"VALUES ('{group.group_id}', '{STRANGER}', '{DAY}')",
    )


def old_password(app: App) -> None:
    put_back(app, "users", "user_id", lambda app: app.accounts.reset(bob(app), ADMIN))


def old_setting(app: App) -> None:
    put_back(app, "site", "key", lambda app: app.backups.set_keep(30, ADMIN))


def disable(app: App) -> None:
    app.accounts.set_active(bob(app), False, ADMIN)


def no_account(app: App) -> None:
    write(app, f"DELETE FROM users WHERE user_id = '{bob(app)}'")


@pytest.mark.parametrize("tamper", [stranger, old_password, old_setting, no_account])
def test_what_was_changed_before_the_first_start_is_taken_as_it_is_found(
    earlier: App, start: Callable[[], str], tamper: Callable[[App], None]
) -> None:
    with earlier_version():
        tamper(earlier)
    assert verify(earlier)[0] == 0, "no entry tells of it"
    assert NOTED in start()
    assert verify(earlier)[0] == 0


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (stranger, "person eeeeeeee belongs to group"),
        (old_password, "its password, second factor, name or rights were changed"),
        (old_setting, "The setting backup_keep is not as entry"),
        (no_account, "or it was removed"),
    ],
)
def test_what_is_changed_after_the_first_start_is_found(
    earlier: App, start: Callable[[], str], tamper: Callable[[App], None], named: str
) -> None:
    start()
    tamper(earlier)
    code, said = verify(earlier)
    assert code == 1 and named in said
    start()
    assert verify(earlier)[0] == 1, "another start does not accept it"


def test_what_older_entries_tell_is_found_also_when_it_was_changed_before_the_first_start(
    earlier: App, start: Callable[[], str]
) -> None:
    with earlier_version():
        put_back(earlier, "users", "user_id", disable)
    assert NOTED in start()
    code, said = verify(earlier)
    assert code == 1 and "says whether an account is active" in said


def erased(book: Path) -> tuple[App, Path]:
    """Return a site of which somebody was erased, and the list that tells of it."""
    app = build(Settings(home=book))
    _, (ada, _) = make_class(app.uow, ["Ada", "Grace"])
    app.erasing.erase([ada.subject_id], ADMIN)
    return app, book / "keys" / "erasures.jsonl"


def test_a_start_makes_a_list_of_erased_people_anew_and_says_so_once(
    book: Path, start: Callable[[], str]
) -> None:
    app, listed = erased(book)
    before = app.erasure_list.erased_ids()
    assert start() == ""
    listed.unlink()
    assert MENDED in start()
    assert app.erasure_list.erased_ids() == before != frozenset()
    count = entries(app)
    assert start() == "" and entries(app) == count


def test_a_start_names_a_list_of_erased_people_that_was_changed_and_leaves_it(
    book: Path, start: Callable[[], str]
) -> None:
    _, listed = erased(book)
    changed = listed.read_bytes().replace(b"20", b"21", 1)
    listed.write_bytes(changed)
    assert "Line 1 of the list of erased people" in start()
    assert listed.read_bytes() == changed
