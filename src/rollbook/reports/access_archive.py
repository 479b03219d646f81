"""The archive of what is held about a person: a page to read, and the same for computers."""

from __future__ import annotations

import csv
import html
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from rollbook.domain.held_data import Held, Row
from rollbook.reports.access_texts import LANGUAGES, Texts, word
from rollbook.reports.csv_file import cell

ORDER = (
    "person groups consents samples attendance absences requests codes contacts messages account "
    "browsers passkeys "
    "programs tasks unsure_faces entries receipts"
).split()
STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #8888; }
.frame { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; min-width: 5.5rem; }
td div + div { margin-top: .4rem; } td:has(div) { min-width: 20rem; }
dt::first-letter, th::first-letter { text-transform: uppercase; } dt { display: block; }
tr { border-bottom: 1px solid #8884; }
th { white-space: nowrap; } dl { margin: 0; } dt { font-weight: 600; } dd { margin: 0 0 .4rem 0; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; } figure { margin: 0; }
.pictures img { max-width: 12rem; border-radius: .4rem; display: block; }
pre { white-space: pre-wrap; font: inherit; margin: 0; }
"""


def access_archive(held: Held, language: str) -> bytes:
    """Return the ZIP file: index.html, data.json, csv/, pictures/ and templates/."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        put = partial(_put, archive, held)
        put("index.html", access_page(held, language).encode())
        put("data.json", _json(held))
        for name in ORDER:
            put(f"csv/{name}.csv", _table(held.sections.get(name, ())))
        for name, picture in held.pictures.items():
            put(f"pictures/{name}", picture)
        for name, template in held.templates.items():
            put(f"templates/{name}", "\r\n".join(map(repr, template)).encode())
    return made.getvalue()


def _put(archive: zipfile.ZipFile, held: Held, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, held.at.timetuple()[:6]), data, zipfile.ZIP_DEFLATED)


def _json(held: Held) -> bytes:
    told = {"made_at": held.at.isoformat(), **held.sections, "site": dict(held.facts)}
    return json.dumps(told, ensure_ascii=False, indent=2).encode()


def _table(rows: Sequence[Row]) -> bytes:
    """Return a section as CSV; what has parts of its own stands as JSON in its cell."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(_flat(row.get(column))) for column in columns])
    return text.getvalue().encode("utf-8-sig", "replace")


def _flat(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def access_page(held: Held, language: str) -> str:
    """Return the page: no scripts, nothing from elsewhere, so that it opens offline for ever."""
    texts = LANGUAGES.get(language, LANGUAGES["en"])
    title = html.escape(texts["title"].format(name=held.name))
    head = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src 'self' file:; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    )
    made = texts["made"].format(day=held.at.date().isoformat())
    opening = "".join(f"<p>{html.escape(text)}</p>" for text in (made, texts["intro"]))
    opening += f"<p>{html.escape(texts['others'])}</p>"
    return head + opening + "".join(_parts(held, texts, language)) + "</main></body></html>\n"


def _parts(held: Held, texts: Texts, language: str) -> Iterator[str]:
    for name in (name for name in ORDER if held.sections.get(name)):
        yield f'<section id="{name}"><h2>{html.escape(texts[name])}</h2>'
        about = texts.get(f"about_{name}")
        if about is not None:
            yield f"<p>{html.escape(about)}</p>"
        if name == "samples":
            yield _pictures(held, texts)
        rows = held.sections[name]
        if name == "attendance":
            rows = [_in_words(row, texts, language) for row in rows]
        yield _rows(rows, language)
        yield "</section>"
    empty = [texts[name] for name in ORDER if not held.sections.get(name)]
    if empty:
        yield f"<p>{html.escape(texts['empty'].format(names='; '.join(empty)))}</p>"
    heading = f"<h2>{html.escape(texts['facts'])}</h2>"
    yield f'<section id="facts">{heading}{_facts(held, texts)}</section>'


def _pictures(held: Held, texts: Texts) -> str:
    def figure(number: int, name: str) -> str:
        said = html.escape(texts["picture"].format(number=number))
        image = f'<img src="pictures/{html.escape(name)}" alt="{said}">'
        return f"<figure>{image}<figcaption>{said}</figcaption></figure>"

    shown = (figure(number, name) for number, name in enumerate(held.pictures, 1))
    return f'<div class="pictures">{"".join(shown)}</div>' if held.pictures else ""


def _in_words(row: Row, texts: Texts, language: str) -> Row:
    """Return a session with each of its marks as sentences; the raw values are in the JSON."""
    marks = row.get("marks")
    said = [_mark(mark, texts, language) for mark in marks] if isinstance(marks, list) else []
    return {n: v for n, v in row.items() if n not in {"marks", "why"}} | {"why": said}


def _mark(mark: Row, texts: Texts, language: str) -> str:
    kind = mark.get("status") or mark.get("kind")
    told = {name: word(language, str(mark.get(name) or "")) for name in ("method", "by")}
    at = _moment(str(mark.get("at", "")))
    said = texts["mark"].format(kind=word(language, str(kind)), at=at, **told)
    evidence = mark.get("evidence")
    if isinstance(evidence, Mapping):
        said += " " + texts["evidence"].format_map(_Numbers(evidence))
    reason = mark.get("reason")
    return f"{said} {texts['remark'].format(reason=reason)}" if reason else said


class _Numbers(dict[str, object]):
    """Values of the evidence as they are read: two digits after the point."""

    def __getitem__(self, name: str) -> object:
        value = self.get(name)
        return f"{value:.2f}" if isinstance(value, float) else value


def _rows(rows: Sequence[Row], language: str) -> str:
    if len(rows) == 1:
        return _list({n: v for n, v in rows[0].items() if not _is_hidden(n)}, language)
    columns = [c for c in dict.fromkeys(n for r in rows for n in r) if _told(c, rows)]
    head = "".join(f'<th scope="col">{html.escape(word(language, c))}</th>' for c in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{_value(row.get(c), language, c)}</td>' for c in columns)}</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="frame" tabindex="0" role="region">{table}</div>'


def _is_hidden(name: str) -> bool:
    """Return whether it is a random number, which tells a reader nothing."""
    return name.endswith("_id") and name not in {"external_id", "text_id"}


def _told(column: str, rows: Sequence[Row]) -> bool:
    """Leave columns of ids, and those without any value, to the tables for computers."""
    return not _is_hidden(column) and any(row.get(column) not in (None, "", []) for row in rows)


def _list(row: Mapping[str, object], language: str) -> str:
    shown = [(name, value) for name, value in row.items() if value not in (None, "", [])]
    parts = (
        f"<dt>{html.escape(word(language, name))}</dt><dd>{_value(value, language, name)}</dd>"
        for name, value in shown
    )
    return f"<dl>{''.join(parts)}</dl>"


def _value(value: object, language: str, column: str) -> str:
    if isinstance(value, bool):
        return word(language, "yes" if value else "no")
    if isinstance(value, Mapping):
        return _list({n: v for n, v in value.items() if not _is_hidden(n)}, language)
    if isinstance(value, list):
        return "".join(f"<div>{_value(one, language, column)}</div>" for one in value)
    if isinstance(value, float):
        return f"{value:.3f}"
    text = "" if value is None else str(value)
    shown = word(language, text, column) if text.isascii() and len(text) < 30 else text
    return f"<pre>{html.escape(shown)}</pre>" if "\n" in text else html.escape(_moment(shown))


def _moment(text: str) -> str:
    """Return an instant as people write it: to the minute.

    >>> _moment("2026-03-02T08:00:12.123456+00:00"), _moment("Ada")
    ('2026-03-02 08:00 UTC', 'Ada')
    """
    if len(text) >= 25 and text[10] == "T" and text.endswith("+00:00"):
        return f"{text[:10]} {text[11:16]} UTC"
    return text


def _facts(held: Held, texts: Texts) -> str:
    places = held.facts.get("backup_places", 0)
    backups = texts["backups_at"].format(value=places) if places else texts["no_backups"]
    said = [
        texts["facts_backups"].format(value=backups),
        texts["facts_retention"].format(value=texts["until_withdrawn"]),
    ]
    return "".join(f"<p>{html.escape(one)}</p>" for one in said)
