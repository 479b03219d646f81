"""Entries as lines of the page: a sentence each, with names for those who may read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from rollbook.domain.attendance import ABSENCE_TOLD, Method, Status
from rollbook.domain.register import Entry, EntryKind
from rollbook.domain.statements import TAKEN_BACK
from rollbook.services.audit import Names, people_of, when
from rollbook.web.accounts.words import ROLES
from rollbook.web.audit.reading import plain_body
from rollbook.web.audit.sentences import BY_KIND, EXPORTED, KINDS, OTHERWISE, SETTING_NAMES
from rollbook.web.words import method_word, status_word

SHORT = 8  # digits of a random id that are shown
_SPECIAL = {
    "camera": lambda: _("the camera"),
    "timetable": lambda: _("the timetable"),
    "terminal": lambda: _("somebody at the server's terminal"),
    "command line": lambda: _("somebody at the server's terminal"),
    "nobody": lambda: _("somebody who was not signed in"),
    "everybody": lambda: _("the set-up"),
    "messages": lambda: _("the outbox"),
    "recipient": lambda: _("a recipient, by the link in a message"),
    "pin": lambda: _("a PIN"),
    "qr": lambda: _("a code"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is shown."""

    number: int
    at: datetime | None
    kind: str
    sentence: str
    details: list[tuple[str, str]]
    subject_id: str | None  # for a link to the person's page, who may read it
    session_id: str | None


@dataclass(frozen=True, slots=True)
class Writer:
    """Turns entries into lines."""

    names: Names
    people_by_name: bool  # else by the beginning of their random ids

    def line(self, entry: Entry) -> Line:
        body = plain_body(entry)
        named = people_of(entry)
        known = bool(named) and named[0] in self.names.people and self.people_by_name
        return Line(
            number=entry.number,
            at=when(entry),
            kind=str(KINDS[entry.kind]),
            sentence=self.sentence(entry),
            details=[(name, _text(value)) for name, value in sorted(body.items())],
            subject_id=named[0] if known else None,
            session_id=entry.session_id if entry.session_id in self.names.sessions else None,
        )

    def sentence(self, entry: Entry) -> str:
        """Return what happened."""
        otherwise = EXPORTED if entry.kind is EntryKind.EXPORT else OTHERWISE
        template = BY_KIND[entry.kind].get(_event(entry), otherwise)
        said = str(template) % _Values(self, entry)
        return said[:1].upper() + said[1:]

    def who(self, by: str) -> str:
        """Return who acted: an account or kiosk by name, with its role."""
        role, space, actor_id = by.partition(" ")
        if not space or by in _SPECIAL:
            return _SPECIAL[by]() if by in _SPECIAL else _shown(by)
        if role == "kiosk":
            return _("the kiosk %(name)s", name=self.names.devices.get(actor_id, _short(actor_id)))
        if role == "subject" and actor_id in self.names.people:
            return self.person(actor_id)
        return self.account(actor_id, ROLES.get(role))

    def account(self, user_id: str, role: object = None) -> str:
        name = self.names.accounts.get(user_id)
        if name is None or (user_id in self.names.of_subjects and not self.people_by_name):
            name = _short(user_id)
        return f"{name} ({role})" if role else name

    def person(self, subject_id: str) -> str:
        found = self.names.people.get(subject_id)
        if found is None or not self.people_by_name:
            return _("person %(id)s", id=_short(subject_id))
        return found.name

    def group(self, group_id: str) -> str:
        found = self.names.groups.get(group_id)
        return found.name if found else _("group %(id)s", id=_short(group_id))

    def session(self, entry: Entry) -> str:
        if entry.session_id is None:
            return _("a session")
        title = self.names.sessions.get(entry.session_id, "")
        group = self.names.session_groups.get(entry.session_id)
        shown = self.group(group) if group else _("session %(id)s", id=_short(entry.session_id))
        return _("%(title)s of %(group)s", title=title, group=shown) if title else shown


class _Values(Mapping[str, str]):
    """The words of one entry, each made when a sentence asks for it."""

    def __init__(self, writer: Writer, entry: Entry) -> None:
        self._entry, self._body = entry, entry.body
        self._makers: dict[str, Callable[[], str]] = {
            "who": lambda: writer.who(str(self._body.get("by") or "terminal")),
            "person": lambda: _one_or_many(writer, entry),
            "group": lambda: writer.group(str(self._body.get("group_id", ""))),
            "account": lambda: writer.account(str(self._body.get("user_id", ""))),
            "session": lambda: writer.session(entry),
            "camera": lambda: _named(writer.names.cameras, self._body.get("camera_id")),
            "device": lambda: _named(writer.names.devices, self._body.get("device_id")),
            "status": lambda: _status(self._body.get("status")),
            "method": lambda: _method(self._body.get("method")),
            "setting": lambda: str(SETTING_NAMES.get(self._setting(), self._setting())),
            "role": lambda: str(ROLES.get(self._body.get("role"), self._body.get("role"))),
            "format": lambda: str(self._body.get("format", "")).upper(),
            "event": lambda: str(self._body.get("event", self._entry.kind.value)),
        }

    def _setting(self) -> str:
        return str(self._body.get("setting", ""))

    def __getitem__(self, name: str) -> str:
        made = self._makers.get(name)
        return made() if made else _shown(str(self._body.get(name, "")))

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _event(entry: Entry) -> str:
    if entry.kind is EntryKind.ACCESS and "user_id" in entry.body:
        return f"{entry.body.get('event', '')} of"
    if entry.kind is not EntryKind.MARK:
        return str(entry.body.get("event", ""))
    rule = entry.body.get("rule")
    return {TAKEN_BACK: "taken back", ABSENCE_TOLD: "absence"}.get(
        str(rule), str(entry.body.get("kind", ""))
    )


def _one_or_many(writer: Writer, entry: Entry) -> str:
    named = people_of(entry)
    if len(named) > 1 and "subject_ids" in entry.body:
        return _("%(count)s people", count=len(named))
    return writer.person(named[0]) if named else _("somebody")


def _named(names: Mapping[str, str], given: object) -> str:
    return names.get(str(given), _short(str(given or "")))


def _status(value: object) -> str:
    return status_word(Status(value)) if value in set(Status) else _shown(str(value))


def _method(value: object) -> str:
    return method_word(Method(value)) if value in set(Method) else _shown(str(value))


def _short(value: str) -> str:
    return value[:SHORT] or "?"


def _shown(value: str) -> str:
    return value[:200]


def _text(value: object) -> str:
    """Return a value of an entry as text that is not too long."""
    if isinstance(value, list):
        shown = ", ".join(_text(one) for one in value[:20])
        return f"{shown}, …" if len(value) > 20 else shown
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_text(one)}" for name, one in sorted(value.items()))
    return _shown(str(value))
