"""A roster as a table in a text file: whatever separator, encoding and headings it came with."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from rollbook.errors import InvalidInput

LARGEST = 20 * 1024 * 1024  # bytes; 100,000 people have about 10 MB
SEPARATORS = ",;\t|"
YES = frozenset({"yes", "y", "true", "1", "x", "ja", "oui", "si", "sí", "sim", "да"})
NO = frozenset({"no", "n", "false", "0", "nein", "non", "não", "нет"})

HEADINGS: dict[str, tuple[str, ...]] = {
    "external_id": (
        "external id", "id", "student id", "employee id", "student number", "employee number",
        "personnel number", "number", "no", "nr", "roll no", "roll number", "matriculation number",
        "matrikelnummer", "personalnummer", "schüler id", "schülernummer", "code",
    ),
    "name": ("name", "full name", "student", "student name", "employee", "person", "nom", "nombre"),
    "first_name": ("first name", "given name", "forename", "vorname", "prénom"),
    "last_name": ("last name", "family name", "surname", "nachname", "familienname"),
    "group": ("group", "class", "team", "course", "department", "section", "klasse", "gruppe"),
    "photo": ("photo", "picture", "image", "photograph", "file", "foto", "bild", "photo path"),
    "consent": ("consent", "consent text", "text id", "einwilligung", "agreed"),
    "given_by": ("given by", "consent given by", "agreed by"),
    "guardian": ("guardian", "parent", "parents", "erziehungsberechtigte", "sorgeberechtigte"),
    "minor": ("minor", "child", "under age", "underage", "minderjährig"),
    "crops": ("crops", "keep pictures", "bilder behalten"),
    "until": ("until", "consent until", "retain until", "valid until"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person of a roster, as written; empty cells are None."""

    line: int  # of the file, from 1
    name: str
    external_id: str | None = None
    group: str | None = None
    photo: str | None = None
    consent: str | None = None
    given_by: str | None = None
    until: date | None = None
    guardian: str | None = None
    minor: bool | None = None  # None: the table does not say
    crops: bool | None = None  # whether crops may be kept as well


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a line was not taken."""

    line: int
    sentence: str


def read_roster(data: bytes) -> Iterator[RosterRow | RowError]:
    """Yield the rows of a roster; lines without any cell are passed over.

    Raises:
        InvalidInput: it is no table with a name column.
    """
    text = _decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    try:
        headings = next((row for row in reader if _is_heading(row)), [])
        columns = _columns(headings)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(line, dict(zip(columns, cells, strict=False)), cells, len(headings))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInput(
            "Line %(line)s is no table row: %(error)s.", line=reader.line_num, error=error
        ) from error


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST:
        raise InvalidInput("The roster is larger than 20 MB. Split it.")
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _checked(data, encoding)
    if b"\0" in data[:2000]:  # UTF-16 without a mark: every second byte of plain text is zero
        return _checked(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _checked(data, "cp1252")


def _checked(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "The roster cannot be read as text. Save it as CSV in UTF-8 and try again."
        ) from error


def _is_heading(cells: list[str]) -> bool:
    """Return whether it is neither an empty line nor Excel's `sep=;`."""
    return any(cell.strip() for cell in cells) and not cells[0].lower().startswith("sep=")


def _separator(text: str) -> str:
    """Return the sign that splits the first line into the most known headings."""
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.lower().startswith("sep=")), "")

    def known(sign: str) -> int:
        cells = next(csv.reader([first], delimiter=sign), [])
        return sum(_heading(cell) is not None for cell in cells)

    return max(SEPARATORS, key=known)


def _heading(cell: str) -> str | None:
    plain = " ".join(cell.replace("_", " ").replace("-", " ").replace(".", " ").casefold().split())
    return next((column for column, known in HEADINGS.items() if plain in known), None)


def _columns(headings: list[str]) -> list[str]:
    """Return what each column holds; "" for those that mean nothing here."""
    columns = [_heading(cell) or "" for cell in headings]
    twice = {column for column in columns if column and columns.count(column) > 1}
    if twice:
        raise InvalidInput(
            "Two columns are headed %(column)r.", column=sorted(twice)[0].replace("_", " ")
        )
    if "name" not in columns and not {"first_name", "last_name"} <= set(columns):
        raise InvalidInput(
            "The first line must name the columns: name (or first name and last name), and if "
            "wanted external id, group, photo, consent, given by, until, minor, guardian, crops."
        )
    return columns


def _row(line: int, cells: Mapping[str, str], raw: list[str], width: int) -> RosterRow | RowError:
    if len(raw) > width:
        return RowError(line, "There are more cells than headings; quote cells with separators.")
    filled = {column: " ".join(cell.split()) or None for column, cell in cells.items()}
    parts = (filled.get("first_name"), filled.get("last_name"))
    name = filled.get("name") or " ".join(part for part in parts if part)
    if not name:
        return RowError(line, "There is no name.")
    try:
        ends = filled.get("until")
        until = date.fromisoformat(ends) if ends else None
    except ValueError:
        return RowError(line, f"{ends!r} is not a date; write it as YYYY-MM-DD.")
    try:
        minor, crops = _yes_or_no(filled.get("minor")), _yes_or_no(filled.get("crops"))
    except ValueError as error:
        return RowError(line, str(error))
    return RosterRow(
        line=line,
        name=name,
        external_id=filled.get("external_id"),
        group=filled.get("group"),
        photo=filled.get("photo"),
        consent=filled.get("consent"),
        given_by=filled.get("given_by"),
        until=until,
        guardian=filled.get("guardian"),
        minor=minor,
        crops=crops,
    )


def _yes_or_no(cell: str | None) -> bool | None:
    """Return what a cell says; None where it is empty. Raises ValueError for other words."""
    said = (cell or "").casefold()
    if not said:
        return None
    if said not in YES | NO:
        raise ValueError(f"{cell!r} is neither yes nor no.")
    return said in YES
