"""Who did what, when, and to whom; and whether the book still holds."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from rollbook.domain.access import Permission, Role
from rollbook.domain.register import Entry, EntryKind
from rollbook.domain.timetable import EARLIEST, LATEST
from rollbook.errors import Busy
from rollbook.reports.rows import runs_as_formula
from rollbook.services.audit import MOST, AuditQuery
from rollbook.services.people_index import Known
from rollbook.services.people_search import Query, search
from rollbook.web.access import ID_LENGTH, actor, permit
from rollbook.web.accounts.words import ROLES
from rollbook.web.audit import evidence as evidence  # its routes are of this area
from rollbook.web.audit.blueprint import blueprint
from rollbook.web.audit.lines import Line, Writer
from rollbook.web.audit.reading import midnight
from rollbook.web.audit.sentences import KINDS
from rollbook.web.parts import parts
from rollbook.web.times import local

CANDIDATES = 10  # people that a search shows


@dataclass(frozen=True, slots=True)
class Filter:
    """What the page is asked for, as it stands in its address: random ids and no names."""

    kind: str = ""
    account: str = ""
    person: str = ""
    first_day: str = ""
    last_day: str = ""
    before: str = ""

    @classmethod
    def of_request(cls) -> Filter:
        given = request.form if request.method == "POST" else request.args
        return cls(*(given.get(name, "")[:40] for name in NAMES))

    @property
    def query(self) -> AuditQuery:
        """Return what is asked of the register; what makes no sense is passed over."""
        first, last = _day(self.first_day), _day(self.last_day)
        return AuditQuery(
            kinds=frozenset({EntryKind(self.kind)}) if self.kind in set(EntryKind) else None,
            account_id=_id(self.account),
            subject_id=_id(self.person),
            since=None if first is None else midnight(first),
            until=None if last is None else midnight(last, after=True),
            before=int(self.before) if self.before.isdecimal() and len(self.before) < 16 else None,
        )

    def address(self, **changed: object) -> dict[str, str]:
        """Return the page's arguments with these changed; empty ones are left out."""
        kept = {name: getattr(self, name) for name in NAMES}
        kept |= {name: str(value) for name, value in changed.items()}
        return {name: value for name, value in kept.items() if value}


NAMES = ("kind", "account", "person", "first_day", "last_day", "before")


@blueprint.get("")
@permit(Permission.AUDIT_READ)
def index() -> str:
    """Show the newest entries that fit."""
    return _page(Filter.of_request(), [])


@blueprint.post("/person")
@permit(Permission.AUDIT_READ)
def person() -> AnyResponse | str:
    """Find the person whose entries are asked for; a name stands in no address."""
    wanted, text = Filter.of_request(), request.form.get("text", "").strip()
    found = _people(text) if text else []
    if len(found) == 1 or not text:
        chosen = found[0].subject_id if found else ""
        return redirect(url_for("audit.index", **wanted.address(person=chosen, before="")))
    return _page(replace(wanted, person="", before=""), found, text=text, searched=True)


@blueprint.post("/csv")
@permit(Permission.AUDIT_READ)
def as_csv() -> Response:
    """Give the shown part as a file, from its newest entry back; that it was is written down."""
    wanted = Filter.of_request()
    found = parts().audit.page(replace(wanted.query, size=MOST))
    lines = _lines(found.entries)
    parts().audit.note_export(actor().by, parts().clock.now(), len(lines))
    name = f"Audit_{local(parts().clock.now()):%Y-%m-%d}.csv"
    answer = Response(_csv(lines), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@blueprint.post("/check")
@permit(Permission.AUDIT_READ)
def check() -> AnyResponse:
    """Begin to check the whole book."""
    parts().register_check.start(actor().actor_id, actor().by)
    parts().tasks.wake()
    return redirect(url_for("audit.checked"))


@blueprint.get("/check")
@permit(Permission.AUDIT_READ)
def checked() -> str:
    """Show how far the newest check is, or what it found."""
    task = parts().register_check.latest()
    head = "" if task is None else next((one.sentence for one in task.lines if not one.where), "")
    faults = [] if task is None else [one for one in task.lines if one.where]
    return render_template("audit/check.html", task=task, head=head, faults=faults)


@blueprint.get("/check/progress")
@permit(Permission.AUDIT_READ)
def progress() -> dict[str, object]:
    """Tell a script how far the newest check is."""
    task = parts().register_check.latest()
    if task is None:
        return {"over": True, "done": 0, "total": 0}
    return {"over": task.state.is_over, "done": task.done, "total": task.total}


def _page(
    wanted: Filter, candidates: list[Known], *, text: str = "", searched: bool = False
) -> str:
    found = parts().audit.page(wanted.query)
    return render_template(
        "audit/index.html",
        wanted=wanted,
        lines=_lines(found.entries),
        page=found,
        kinds=[("", _("everything")), *((kind.value, str(text)) for kind, text in KINDS.items())],
        accounts=_accounts(),
        candidates=candidates if actor().may(Permission.PEOPLE_READ) else [],
        ids=[known.subject_id for known in candidates],
        text=text,
        searched=searched,
        person=_person(wanted.person),
    )


def _lines(entries: Sequence[Entry]) -> list[Line]:
    writer = Writer(parts().audit.names(entries), actor().may(Permission.PEOPLE_READ))
    return [writer.line(entry) for entry in entries]


def _accounts() -> list[tuple[str, str]]:
    """Return the accounts for the choice of who acted; people are looked for by themselves."""
    with parts().uow() as uow:
        users = [user for user in uow.users.all() if user.role is not Role.SUBJECT]
    shown = [(user.user_id, f"{user.shown} ({ROLES[user.role]})") for user in users]
    return [("", _("everybody")), *shown]


def _person(subject_id: str) -> str:
    """Return what the page calls the person of its filter."""
    if _id(subject_id) is None:
        return ""
    with parts().uow() as uow:
        found = uow.subjects.some([subject_id]).get(subject_id)
    if found is None or not actor().may(Permission.PEOPLE_READ):
        return _("person %(id)s", id=subject_id[:8])
    return found.name


def _people(text: str) -> list[Known]:
    """Return who is meant: by name for who may read people, else by the random id alone."""
    index = parts().people_index.current()
    if index is None:
        raise Busy("The list of people is being opened. Try again in a moment.")
    if actor().may(Permission.PEOPLE_READ):
        return list(search(index, Query(text), None, CANDIDATES).people)
    plain = text.lower()
    known = (one for one in index.ordered if len(plain) >= 4 and one.subject_id.startswith(plain))
    return list(known)[:CANDIDATES]


def _csv(lines: list[Line]) -> bytes:
    made = io.StringIO()
    rows = csv.writer(made)
    rows.writerow(["number", "at", "kind", "what happened", "details"])
    for line in lines:
        at = "" if line.at is None else local(line.at).isoformat(timespec="seconds")
        details = json.dumps(dict(line.details), ensure_ascii=False)
        rows.writerow(
            [str(line.number), at, _plain(line.kind), _plain(line.sentence), _plain(details)]
        )
    return b"\xef\xbb\xbf" + made.getvalue().encode()


def _plain(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if runs_as_formula(text) else text


def _id(text: str) -> str | None:
    fits = len(text) == ID_LENGTH and not set(text) - set("0123456789abcdef")
    return text if fits else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None
