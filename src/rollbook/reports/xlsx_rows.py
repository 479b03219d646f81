"""Rows by the hundred thousand in a workbook: each is written as it comes, and none is held.

XlsxWriter holds every cell until the end, a gigabyte for a month of 20,000 people, or puts rows as
plain text into temporary files, which must not be. So it makes the sheet with its head and one
sample row, and the rows take the place of that, inside the archive. Texts are inline strings: as
texts, they never become formulas.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from xlsxwriter.utility import xl_col_to_name

from rollbook.reports.rows import Value, runs_as_formula
from rollbook.reports.xlsx_book import Book, legal

SAMPLE = 1  # the row that is replaced, counted from 0
_SAMPLE_ROW = re.compile(r'<row r="2".*?</row>', re.DOTALL)
_STYLES = re.compile(r'<c r="[A-Z]+2" s="(\d+)"')
_SIZE = re.compile(r"<dimension [^>]*/>")  # of the sample alone; programs find the real one
_FIRST_DAY, _DAY = datetime(1899, 12, 30), timedelta(days=1)  # noqa: DTZ001 - spreadsheets have no zones
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f]")
_LIKE_CONTROL = re.compile("(?=_x[0-9A-Fa-f]{4}_)")


class _Styles(NamedTuple):
    """Numbers of the formats in this workbook."""

    day: str
    moment: str
    quoted: str  # of a text that would run as a formula once somebody edits it


def write_sample(book: Book, sheet: Any, moments: str) -> None:
    """Write the row that tells how days, moments and quoted texts look in this workbook."""
    at = _FIRST_DAY + 2 * _DAY
    for column, shown in enumerate((book.dates(), moments)):
        style = book.format(num_format=shown, align="left")
        sheet.write_datetime(SAMPLE, column, at, style)
    book.text(sheet, SAMPLE, 2, "=")


def filled(book: bytes, rows_of: Mapping[str, Iterable[Sequence[Value]]]) -> bytes:
    """Return the workbook with these rows in the place of the samples; keys are parts of it."""
    made = io.BytesIO()
    with ZipFile(io.BytesIO(book)) as old, ZipFile(made, "w", ZIP_DEFLATED) as new:
        for info in old.infolist():
            rows = rows_of.get(info.filename)
            if rows is None:
                new.writestr(info, old.read(info))
                continue
            whole = ZipInfo(info.filename, info.date_time)
            whole.compress_type = ZIP_DEFLATED
            with new.open(whole, "w", force_zip64=True) as part:
                for piece in _pieces(old.read(info).decode(), rows):
                    part.write(piece.encode())
    return made.getvalue()


def _pieces(sheet: str, rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    sample = _SAMPLE_ROW.search(sheet)
    if sample is None:
        raise ValueError("the sheet has no sample row")
    styles = _Styles(*_STYLES.findall(sample.group()))
    yield _SIZE.sub("", sheet[: sample.start()])
    for number, row in enumerate(rows, SAMPLE + 1):
        cells = "".join(
            _cell(f"{_column(column)}{number}", value, styles)
            for column, value in enumerate(row)
            if value
        )
        yield f'<row r="{number}">{cells}</row>'
    yield sheet[sample.end() :]


_column = lru_cache(xl_col_to_name)


def _cell(place: str, value: Value, styles: _Styles) -> str:
    if isinstance(value, datetime):
        days = (value.replace(tzinfo=None) - _FIRST_DAY) / _DAY
        return f'<c r="{place}" s="{styles.moment}"><v>{days:.16g}</v></c>'
    if isinstance(value, date):
        return f'<c r="{place}" s="{styles.day}"><v>{(value - _FIRST_DAY.date()).days}</v></c>'
    return f'<c r="{place}"{_text(value or "", styles)}</c>'


@lru_cache(maxsize=65_536)
def _text(text: str, styles: _Styles) -> str:
    style = f' s="{styles.quoted}"' if runs_as_formula(text) else ""
    plain = _LIKE_CONTROL.sub("_x005F", legal(text))  # else it would be read as a character
    plain = _CONTROLS.sub(lambda found: f"_x{ord(found.group()):04X}_", plain)
    return f'{style} t="inlineStr"><is><t xml:space="preserve">{escape(plain)}</t></is>'
