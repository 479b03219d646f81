"""`rollbook keys`: where the site key is, its passphrase, and its copy on paper."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import common
from rollbook.cli.output_files import whole_file
from rollbook.errors import AlreadyExists, DecryptionFailed, InvalidInput
from rollbook.settings import Settings, load_settings

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.domain.key_safety import KeySafety
    from rollbook.storage.escrow import Gathered, Sheet
    from rollbook.storage.key_lock import HomeKeySource


class Target(StrEnum):
    """Where `keys move` puts the key."""

    KEYRING = "keyring"
    FILE = "file"


def where(as_json: common.JsonOption = False) -> None:
    """Say where the site key is, and against whom that protects."""
    found = common.open_app().key_safety()
    if as_json:
        common.print_json(shown(found))
        return
    common.say(f"The site key is {found.sentence}: {found.where}")
    common.say(f"Check value {found.key_id}. {sheet_sentence(found)}")
    rows = [{"somebody": v.who, "gets": v.safety.value, "why": v.why} for v in found.attacks]
    common.print_table(("somebody", "gets", "why"), rows, as_json=False, empty="")
    for problem in found.problems:
        common.warn(problem)


def shown(found: KeySafety) -> dict[str, object]:
    """Return the case as JSON values."""
    return {
        "place": found.place.value,
        "where": found.where,
        "check_value": found.key_id,
        "sheet_made_at": None if found.sheet is None else found.sheet.at.isoformat(),
        "attackers": [
            {"who": v.who, "attacker": v.attacker.value, "safety": v.safety.value, "why": v.why}
            for v in found.attacks
        ],
        "problems": list(found.problems),
    }


def sheet_sentence(found: KeySafety) -> str:
    """Return when the sheet of the present key was made."""
    sheet = found.sheet
    if sheet is None:
        former = found.former
        before = f" The one of {former.at:%Y-%m-%d} is of a former key." if former else ""
        return (
            f"There is no recovery sheet of this key: when it is lost, everything is lost.{before} "
            "Run: rollbook keys escrow --sheet FILE.pdf"
        )
    if sheet.of == 1:
        return f"Its recovery sheet was made on {sheet.at:%Y-%m-%d}."
    return (
        f"{sheet.of} shares, of which {sheet.needed} are needed, were made on {sheet.at:%Y-%m-%d}."
    )


def lock() -> None:
    """Put the site key under a passphrase, which is asked for at each start."""
    from rollbook.bootstrap.keys import given_passphrase
    from rollbook.storage.key_lock import HomeKeySource

    settings = load_settings(common.chosen_home())
    source = _own_file(settings)
    source.refuse_locked()
    app = common.open_app()
    given = given_passphrase(settings)
    passphrase = _new_passphrase() if given is None else given
    source.ask = lambda: passphrase
    source.lock(passphrase)
    copies = list((settings.home / "backups").glob("*/keys/site.key"))
    for file in copies:
        HomeKeySource(file.parent, lambda: passphrase).lock(passphrase)
    _tell(app, "site key locked", source.load())
    common.say(f"The site key is locked. {len(copies)} older copies in backups/ are, too.")
    common.say(
        "A Rollbook that runs now goes on; from its next start on it asks for the passphrase. Who "
        "forgets it needs the recovery sheet. What a disk may keep of the plain key: docs/keys.md"
    )


def unlock() -> None:
    """Make the site key a plain file again, which needs the passphrase once more."""
    settings = load_settings(common.chosen_home())
    source, app = _own_file(settings), common.open_app()
    source.unlock()
    _tell(app, "site key unlocked", source.load())
    common.say("The site key is a plain file again: whoever has this machine has the data.")


def escrow(
    folder: Annotated[
        Path | None, typer.Argument(help="With --shares: folder for one sheet each.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="PDF file of one sheet that opens everything.")
    ] = None,
    shares: Annotated[
        int | None, typer.Option("--shares", min=2, max=16, help="So many are needed ...")
    ] = None,
    of: Annotated[int | None, typer.Option("--of", min=2, max=16, help="... of so many.")] = None,
) -> None:
    """Write the site key as words to print: one recovery sheet, or shares of it."""
    from rollbook.storage.escrow import split

    app = common.open_app()
    key = _present_key(app)
    if sheet is not None and folder is None and shares is of is None:
        files, sheets = [sheet], split(key)
    elif sheet is None and folder is not None and shares is not None and of is not None:
        sheets = split(key, shares, of)
        files = [folder / f"rollbook-share-{one.number}-of-{one.of}.pdf" for one in sheets]
    else:
        raise InvalidInput("Write either --sheet FILE.pdf, or --shares 3 --of 5 FOLDER.")
    _refuse_inside(app.settings.home, files)
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_sheets(app, key, sheets, files)
    for file in files:
        common.say(f"Print it, then delete the file: {file}")
    common.say("Without a printer, copy the words and the check value by hand.")


def _refuse_inside(home: Path, files: Sequence[Path]) -> None:
    for file in files:
        if file.resolve().is_relative_to(home.resolve()):
            raise InvalidInput(
                f"{file} lies among the data, so that who has one has the other. Choose a place "
                "outside of the home folder, best a USB stick."
            )
        if file.exists():
            raise AlreadyExists(f"{file} is there already. Choose another place.")


def _write_sheets(app: App, key: bytes, sheets: Sequence[Sheet], files: Sequence[Path]) -> None:
    """Write all files and the register's entry, or nothing."""
    from rollbook.reports.recovery_sheet import RecoverySheet, sheet_pdf
    from rollbook.services.account_entries import TERMINAL
    from rollbook.storage.backup.keying import key_id

    with app.uow() as uow:
        site = str(uow.site.get("site_name") or "")
    made_at, written = app.clock.now().astimezone(app.zone), []
    try:
        for one, file in zip(sheets, files, strict=True):
            with whole_file(file, replace=False) as stream:
                written.append(file)
                page = RecoverySheet(
                    site, key_id(key), made_at, one.number, one.needed, one.of, one.words
                )
                stream.write(sheet_pdf(page))
        app.escrow.note(TERMINAL, key_id(key), sheets[0].needed, sheets[0].of)
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        raise


def _present_key(app: App) -> bytes:
    """Return the site key that the database is wrapped with."""
    from rollbook.bootstrap.keys import key_source
    from rollbook.storage.escrow import fits

    key = key_source(app.settings).load()[0]
    if not fits(app.settings.resolved_database_url, key):
        raise InvalidInput(
            "The site key is being exchanged. Let that end first: rollbook keys rotate"
        )
    return bytes(key)


def recover(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Text files with the words of sheets; without them they are typed."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where another key is, and no database.")
    ] = False,
) -> None:
    """Bring the site key back from the words of a recovery sheet, or of enough shares."""
    from rollbook.storage.backup.keying import key_id
    from rollbook.storage.escrow import fits

    settings = load_settings(common.chosen_home())
    source = _own_file(settings)
    gathered = _gathered(files or [])
    key = gathered.key()
    opens = fits(settings.resolved_database_url, key)
    if opens is False:
        raise DecryptionFailed(
            f"The words are right, but of another key: check value {key_id(key)}. It does not "
            "open this database. Look for a later sheet. Nothing was changed."
        )
    aside = source.put(key, replace=replace or opens is True)
    for file in aside:
        common.say(f"Another key was there. It was kept as {file}")
    common.say(f"The key with the check value {key_id(key)} is back.")
    if opens is None:
        common.say("There is no database here yet. Bring it back with: rollbook restore")
        return
    _tell(common.open_app(), "site key recovered", [key])
    common.say("It opens this database. See whether the register holds: rollbook verify")


def _gathered(files: Sequence[Path]) -> Gathered:
    from rollbook.storage.escrow import Gathered

    gathered = Gathered()
    for file in files:
        gathered.add(_text_of(file))
    if files:
        return gathered
    if not sys.stdin.isatty():
        gathered.add(sys.stdin.read())
        return gathered
    common.say("Type the words of a sheet, with a blank between, then press Enter.")
    while gathered.missing is None or gathered.missing:
        _ask_for_words(gathered)
    common.say("Close this window afterwards: the words can still be seen in it.")
    return gathered


def _ask_for_words(gathered: Gathered) -> None:
    try:
        gathered.add(input("Words: "))
    except InvalidInput as error:
        common.warn(str(error))
    except EOFError as error:
        raise InvalidInput("No more words came. Nothing was changed.") from error
    if gathered.missing:
        common.say(f"That sheet is right. {gathered.missing} more needed.")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read as text. Nothing was changed.") from error


def move(target: Annotated[Target, typer.Argument(help="keyring or file.")]) -> None:
    """Copy the site key to the system's keyring, or from elsewhere back into keys/."""
    from rollbook.bootstrap.keys import home_key_source, key_source
    from rollbook.storage.key_sources import KeyringKeySource

    app = common.open_app()
    keys = key_source(app.settings).load()
    if target is Target.KEYRING:
        KeyringKeySource(app.settings.home).store(keys)
        _tell(app, "site key moved to the keyring", keys)
        common.say("The key is in the keyring, and in its old place as well. Now set")
        common.say("ROLLBOOK_KEY_SOURCE=keyring where Rollbook is started, then run:")
        common.say("rollbook keys remove-file")
    else:
        home_key_source(app.settings).store(keys)
        _tell(app, "site key moved to a file", keys)
        common.say(f"The key is in {app.settings.keys_dir}. Now take the setting away that names")
        common.say("another place, and then the key from there.")


def remove_file() -> None:
    """Delete the key file in keys/, once the key comes from elsewhere."""
    from rollbook.bootstrap.keys import key_place, key_source
    from rollbook.domain.key_safety import KeyPlace
    from rollbook.storage.key_lock import locked_file, wipe
    from rollbook.storage.keys import site_key_file

    app = common.open_app()  # proves that the other place has the right key
    settings = app.settings
    if key_place(settings) in (KeyPlace.FILE, KeyPlace.LOCKED, KeyPlace.LOCKED_GIVEN):
        raise InvalidInput(
            "The key comes from this very file. First give it from elsewhere: see docs/keys.md"
        )
    copies = sorted((settings.home / "backups").glob("*/keys/site.key*"))
    own = [site_key_file(settings.keys_dir), locked_file(settings.keys_dir)]
    gone = [file for file in (*own, *copies) if file.exists()]
    for file in gone:
        wipe(file)
    _tell(app, "site key file removed", key_source(settings).load())
    common.say(f"{len(gone)} key files were overwritten and deleted.")


def new(file: Annotated[Path, typer.Argument(help="File to be written.")]) -> None:
    """Make a key for a place that Rollbook only reads: the environment, a secret, a command."""
    from cryptography.fernet import Fernet

    with whole_file(file, replace=False) as stream:
        stream.write(Fernet.generate_key() + b"\n")
    common.say(f"A new key is in {file}. It opens nothing yet. Delete the file afterwards.")


def _own_file(settings: Settings) -> HomeKeySource:
    """Return the file in keys/; raise InvalidInput where the key comes from elsewhere."""
    from rollbook.bootstrap.keys import key_place, key_source
    from rollbook.domain.key_safety import PLACES, KeyPlace

    place = key_place(settings)
    if place not in (KeyPlace.FILE, KeyPlace.LOCKED, KeyPlace.LOCKED_GIVEN):
        raise InvalidInput(
            f"The site key of this site is {PLACES[place]}. This command is for the file in "
            "keys/: leave the settings out that name the other place."
        )
    from rollbook.storage.key_lock import HomeKeySource

    source = key_source(settings)
    assert isinstance(source, HomeKeySource)  # noqa: S101 - so `key_source` chooses
    return source


def _new_passphrase() -> str:
    from rollbook.storage.key_lock import require_long

    if not sys.stdin.isatty():
        raise InvalidInput(
            "Nobody can be asked here for a passphrase. Use a terminal, or name a file with it: "
            "ROLLBOOK_PASSPHRASE_FILE"
        )
    typed = getpass.getpass("New passphrase: ")
    require_long(typed)
    if getpass.getpass("Once more: ") != typed:
        raise InvalidInput("The two are not the same. Nothing was changed.")
    return typed


def _tell(app: App, event: str, keys: Sequence[bytes]) -> None:
    from rollbook.services.account_entries import TERMINAL
    from rollbook.storage.backup.keying import key_id

    app.escrow.tell(TERMINAL, event, key_id(keys[0]))


def commands(group: typer.Typer) -> None:
    """Add the commands to `rollbook keys`."""
    group.command("where")(where)
    group.command("lock")(lock)
    group.command("unlock")(unlock)
    group.command("escrow")(escrow)
    group.command("recover")(recover)
    group.command("move")(move)
    group.command("remove-file")(remove_file)
    group.command("new")(new)
