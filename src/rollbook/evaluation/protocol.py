"""Which pictures are enrolled, which are searched, and which are compared."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rollbook.errors import InvalidInput


class Role(StrEnum):
    """What a picture is used for."""

    ENROL = "enrol"
    MATED = "probe_mated"
    NONMATED = "probe_nonmated"


@dataclass(frozen=True, slots=True)
class ProtocolRow:
    """One picture of an identification protocol."""

    role: Role
    identity: str
    path: str


@dataclass(frozen=True, slots=True)
class Protocol:
    """Who is enrolled and who is searched for; strangers are never enrolled."""

    enrol: tuple[ProtocolRow, ...]
    mated: tuple[ProtocolRow, ...]
    nonmated: tuple[ProtocolRow, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures, and whether they show the same person."""

    first: str
    second: str
    same: bool


def read_protocol(file: Path) -> Protocol:
    """Read the columns `role,identity,path`.

    Raises:
        InvalidInput: the file cannot be read, or a row makes no sense; the text names the line.
    """
    rows: dict[Role, list[ProtocolRow]] = {role: [] for role in Role}
    lines: dict[ProtocolRow, int] = {}
    for line, fields in read_csv(file, ("role", "identity", "path")):
        row = _protocol_row(fields, file, line)
        rows[row.role].append(row)
        lines[row] = line
    protocol = Protocol(*(tuple(rows[role]) for role in Role))
    _check(protocol, lines, file)
    return protocol


def read_pairs(file: Path) -> tuple[Pair, ...]:
    """Read the columns `img1,img2,same` with `same` 1 or 0.

    Raises:
        InvalidInput: the file cannot be read, or a row makes no sense; the text names the line.
    """
    pairs = []
    for line, fields in read_csv(file, ("img1", "img2", "same")):
        if fields["same"] not in {"0", "1"} or not fields["img1"] or not fields["img2"]:
            raise InvalidInput(f"{file.name}, line {line}: give two pictures, and 1 or 0 for same.")
        pairs.append(Pair(fields["img1"], fields["img2"], fields["same"] == "1"))
    if not any(pair.same for pair in pairs) or all(pair.same for pair in pairs):
        raise InvalidInput(f"{file.name} needs pairs of the same and of different people.")
    return tuple(pairs)


def _protocol_row(fields: dict[str, str], file: Path, line: int) -> ProtocolRow:
    where = f"{file.name}, line {line}"
    try:
        role = Role(fields["role"])
    except ValueError:
        allowed = ", ".join(role.value for role in Role)
        raise InvalidInput(
            f"{where}: the role {fields['role']!r} is not one of {allowed}."
        ) from None
    if not fields["path"]:
        raise InvalidInput(f"{where}: the path of the picture is missing.")
    if not fields["identity"] and role is not Role.NONMATED:
        raise InvalidInput(f"{where}: the identity is missing.")
    return ProtocolRow(role, fields["identity"], fields["path"])


def _check(protocol: Protocol, lines: dict[ProtocolRow, int], file: Path) -> None:
    if not protocol.enrol:
        raise InvalidInput(f"{file.name} enrols nobody: at least one row needs the role enrol.")
    enrolled = {row.identity for row in protocol.enrol}
    for row in protocol.mated:
        if row.identity not in enrolled:
            raise InvalidInput(
                f"{file.name}, line {lines[row]}: a mated probe of somebody who is never enrolled."
            )
    for row in protocol.nonmated:
        if row.identity in enrolled:
            raise InvalidInput(
                f"{file.name}, line {lines[row]}: a non-mated probe of somebody who is enrolled."
            )


def read_csv(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, fields) of each row that is not empty."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [name for name in columns if name not in (reader.fieldnames or [])]
            if missing:
                raise InvalidInput(f"{file.name} has no column {', '.join(missing)}.")
            for row in reader:
                fields = {name: (row[name] or "").strip() for name in columns}
                if any(fields.values()):
                    yield reader.line_num, fields
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{file} cannot be read as a CSV file: {error}") from error
