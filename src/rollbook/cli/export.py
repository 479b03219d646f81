"""`rollbook export` and `rollbook decrypt`."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import common
from rollbook.cli.output_files import whole_file
from rollbook.cli.passphrases import PassphraseFile, new_passphrase, typed_passphrase
from rollbook.cli.people import find_person
from rollbook.domain.manifests import SUFFIX
from rollbook.domain.month import Days, Month, MonthRegister, Period
from rollbook.errors import InvalidInput, StorageUnavailable

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.services.export import Exported, Wanted

SEALED_SUFFIX = ".enc"


class FileFormat(StrEnum):
    CSV = "csv"
    PDF = "pdf"
    XLSX = "xlsx"


class Language(StrEnum):
    EN = "en"
    DE = "de"


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except InvalidInput as error:
        raise typer.BadParameter(str(error)) from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("Write a day as 2025-04-01.") from error


def export(
    file_format: Annotated[FileFormat, typer.Option("--format", help="Kind of file.")],
    month: Annotated[
        Month | None,
        typer.Option("--month", parser=_month, metavar="YYYY-MM", help="For example 2025-04."),
    ] = None,
    term: Annotated[
        str | None, typer.Option("--term", help="A term of the calendar, by its name.")
    ] = None,
    first_day: Annotated[
        date | None,
        typer.Option("--from", parser=_day, metavar="YYYY-MM-DD", help="First day; with --to."),
    ] = None,
    last_day: Annotated[
        date | None,
        typer.Option("--to", parser=_day, metavar="YYYY-MM-DD", help="Last day, included."),
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", help="Only this group; may be repeated.")
    ] = None,
    person: Annotated[
        str | None, typer.Option("--person", help="Only this person: name, external id or id.")
    ] = None,
    hours: Annotated[
        bool, typer.Option("--hours", help="Hours at work in the place of the register.")
    ] = False,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Seal the file; `rollbook decrypt` opens it.")
    ] = False,
    passphrase: Annotated[
        bool,
        typer.Option("--passphrase", help="Seal it for a recipient; their passphrase is asked."),
    ] = False,
    passphrase_file: PassphraseFile = None,
    sign: Annotated[
        bool,
        typer.Option("--sign", help="Write a signed manifest beside it, for verify-export."),
    ] = False,
    lang: Annotated[
        Language | None,
        typer.Option("--lang", help="Language of the report; by default the site's."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File or folder; by default Attendance_YYYY-MM here."),
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Write the register of a month, a term or other days; an older file is replaced."""
    from rollbook.services.export import Wanted

    days = _chosen_days(month, term, first_day, last_day)
    app = common.open_app()
    wanted = Wanted(
        period=days if term is None else app.exporter.term(term),
        file_format=file_format.value,
        group_names=group or (),
        person_id=None if person is None else find_person(app, person).subject_id,
        encrypt=encrypt,
        lock=None
        if not passphrase and passphrase_file is None
        else app.file_sealer.new_lock(new_passphrase(passphrase_file)),
        sign=sign,
        hours=hours,
        language="" if lang is None else lang.value,
    )
    path = _place(out, wanted.name)
    replaced = path.exists()
    made = _write(app, wanted, path)
    if as_json:
        common.print_json(_as_json(made, wanted, path, replaced))
    else:
        common.say(_sentence(made.register, path, replaced))
        if sign:
            common.say(f"{_manifest_of(path)} is its signature: rollbook verify-export {path}")


def _chosen_days(
    month: Month | None, term: str | None, first_day: date | None, last_day: date | None
) -> Period:
    """Return the days that are given; with a term, any, for the calendar says them."""
    ways = (month is not None, term is not None, first_day is not None or last_day is not None)
    if sum(ways) != 1:
        raise typer.BadParameter("Give one of --month, --term, and --from with --to.")
    if month is not None:
        return month
    if term is None and (first_day is None or last_day is None):
        raise typer.BadParameter("--from and --to belong together.")
    return Days(first_day or date.min, last_day or date.min)


def _write(app: App, wanted: Wanted, path: Path) -> Exported:
    """Write the file, and its manifest when it is signed, under the name that it really has."""
    with ExitStack() as files:  # opened first, so that nothing is noted in vain, and both or none
        file = files.enter_context(whole_file(path, replace=True))
        beside = None
        if wanted.sign:
            beside = files.enter_context(whole_file(_manifest_of(path), replace=True))
        made = app.exporter.hand_out(wanted, "command line", name=path.name)
        file.write(made.data)
        file.flush()
        if beside is not None and made.manifest is not None:
            beside.write(made.manifest.text().encode())
    return made


def _manifest_of(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def decrypt(
    file: Annotated[
        Path, typer.Argument(help="A file made with --encrypt or --passphrase.", metavar="FILE")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="By default the name without .enc.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Open a file that `rollbook export` sealed: with this site's key, or with a passphrase."""
    from rollbook.storage.passphrase_files import MAGIC, open_file

    if out is None and file.suffix != SEALED_SUFFIX:
        _read(file, 1)
        raise InvalidInput(f"The name of {file} does not end in {SEALED_SUFFIX}; give --out.")
    path = file.with_suffix("") if out is None else _place(out, file.stem)
    if _read(file, len(MAGIC)) == MAGIC:
        typed = typed_passphrase(passphrase_file)
        with file.open("rb") as source, whole_file(path, replace=force) as target:
            source.seek(len(MAGIC))
            for chunk in open_file(source, typed):
                target.write(chunk)
    else:
        opened = common.open_app().exporter.unseal(_read(file))
        with whole_file(path, replace=force) as target:
            target.write(opened)
    common.say(f"Wrote {path}. It can be read by whoever gets it: delete it when it has served.")


def _place(out: Path | None, name: str) -> Path:
    if out is None:
        return Path(name)
    return out / name if out.is_dir() else out


def _read(file: Path, size: int = -1) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(size)
    except OSError as error:
        raise StorageUnavailable(f"{file} cannot be read: {error.strerror}.") from error


def _people(register: MonthRegister) -> int:
    return len({line.person.subject_id for group in register.groups for line in group.people})


def _sentence(register: MonthRegister, path: Path, replaced: bool) -> str:
    sessions = sum(len(group.sessions) for group in register.groups)
    what = ", ".join(
        f"{number} {one if number == 1 else many}"
        for number, one, many in (
            (len(register.groups), "group", "groups"),
            (sessions, "session", "sessions"),
            (_people(register), "person", "people"),
        )
    )
    if not sessions:
        what = f"there were no sessions in {register.period.title}, and the file says so"
    older = " (the older file was replaced)" if replaced else ""
    invented = " INVENTED DATA." if register.invented else ""
    return f"Wrote {path}{older}: {what}.{invented}"


def _as_json(made: Exported, wanted: Wanted, path: Path, replaced: bool) -> dict[str, object]:
    register = made.register
    told: dict[str, object] = {
        "file": str(path),
        "month": str(register.period),
        "format": wanted.file_format,
        "encrypted": wanted.is_sealed,
        "replaced": replaced,
        "groups": len(register.groups),
        "sessions": sum(len(group.sessions) for group in register.groups),
        "people": _people(register),
        "rows": sum(1 for _ in register.rows()),
        "invented": register.invented,
    }
    if made.manifest is not None:
        told["manifest"] = str(_manifest_of(path))
    return told


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("export")(export)
    app.command("decrypt")(decrypt)
