"""`rollbook export` and `rollbook decrypt`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rollbook.cli import common
from rollbook.cli.output_files import whole_file
from rollbook.domain.month import Month, MonthRegister
from rollbook.errors import InvalidInput, StorageUnavailable

SEALED_SUFFIX = ".enc"


class FileFormat(StrEnum):
    CSV = "csv"
    PDF = "pdf"
    XLSX = "xlsx"


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except InvalidInput as error:
        raise typer.BadParameter(str(error)) from error


def export(
    month: Annotated[
        Month,
        typer.Option("--month", parser=_month, metavar="YYYY-MM", help="For example 2025-04."),
    ],
    file_format: Annotated[FileFormat, typer.Option("--format", help="Kind of file.")],
    group: Annotated[
        list[str] | None, typer.Option("--group", help="Only this group; may be repeated.")
    ] = None,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Seal the file; `rollbook decrypt` opens it.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File or folder; by default Attendance_YYYY-MM here."),
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Write the register of a month to a file; an older file of that name is replaced."""
    app = common.open_app()
    name = f"Attendance_{month}.{file_format}" + (SEALED_SUFFIX if encrypt else "")
    path = _place(out, name)
    replaced = path.exists()
    with whole_file(path, replace=True) as file:  # first, so that nothing is noted in vain
        made = app.exporter.export(
            month, file_format, group or (), encrypt=encrypt, by="command line"
        )
        file.write(made.data)
    register = made.register
    if as_json:
        common.print_json(_as_json(register, path, file_format, encrypt, replaced))
    else:
        common.say(_sentence(register, path, replaced))


def decrypt(
    file: Annotated[Path, typer.Argument(help="A file made with --encrypt.", metavar="FILE")],
    out: Annotated[
        Path | None, typer.Option("--out", help="By default the name without .enc.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Open a file that `rollbook export --encrypt` wrote."""
    sealed = _read(file)
    if out is None and file.suffix != SEALED_SUFFIX:
        raise InvalidInput(f"The name of {file} does not end in {SEALED_SUFFIX}; give --out.")
    path = file.with_suffix("") if out is None else _place(out, file.stem)
    opened = common.open_app().exporter.unseal(sealed)
    with whole_file(path, replace=force) as target:
        target.write(opened)
    common.say(f"Wrote {path}. It can be read by whoever gets it: delete it when it has served.")


def _place(out: Path | None, name: str) -> Path:
    if out is None:
        return Path(name)
    return out / name if out.is_dir() else out


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
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
        what = f"there were no sessions in {register.month.title}, and the file says so"
    older = " (the older file was replaced)" if replaced else ""
    invented = " INVENTED DATA." if register.invented else ""
    return f"Wrote {path}{older}: {what}.{invented}"


def _as_json(
    register: MonthRegister, path: Path, file_format: str, encrypted: bool, replaced: bool
) -> dict[str, object]:
    return {
        "file": str(path),
        "month": str(register.month),
        "format": str(file_format),
        "encrypted": encrypted,
        "replaced": replaced,
        "groups": len(register.groups),
        "sessions": sum(len(group.sessions) for group in register.groups),
        "people": _people(register),
        "rows": sum(1 for _ in register.rows()),
        "invented": register.invented,
    }


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("export")(export)
    app.command("decrypt")(decrypt)
