"""What came of pictures that were sent, kept in the browser's session until it is shown."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from rollbook.domain.faces import REFUSAL_TEXT, Refusal
from rollbook.domain.subjects import Enrolled, EnrolmentRefused
from rollbook.web.errors import sentence
from rollbook.web.people.view import everybody, may_see

KEY = "people outcome"
MOST = 40  # refusals that are told


@dataclass(frozen=True, slots=True)
class Line:
    """One file that was not taken."""

    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to say after an upload."""

    added: int
    already: int
    lines: tuple[Line, ...]
    candidate_id: str | None = None  # who the face may belong to, when the actor may see them
    candidate: str = ""
    duplicate: bool = False

    @classmethod
    def of(cls, enrolled: Enrolled) -> Outcome:
        """Return the outcome in the words of the page's language."""
        double = next((one for one in enrolled.refused if one.candidate_id is not None), None)
        candidate_id, name = _candidate(double)
        lines = tuple(
            Line(one.what, reason(one)) for one in enrolled.refused if one.candidate_id is None
        )
        return cls(
            enrolled.added, enrolled.already, lines[:MOST], candidate_id, name, double is not None
        )

    def put(self, session: MutableMapping[str, Any], subject_id: str) -> None:
        session[KEY] = {
            "subject_id": subject_id,
            "added": self.added,
            "already": self.already,
            "lines": [[line.what, line.sentence] for line in self.lines],
            "candidate_id": self.candidate_id,
            "candidate": self.candidate,
            "duplicate": self.duplicate,
        }

    @classmethod
    def taken(cls, session: MutableMapping[str, Any], subject_id: str) -> Outcome | None:
        """Take the outcome out of the session, when it is this person's."""
        kept = session.get(KEY)
        if kept is None or kept["subject_id"] != subject_id:
            return None
        del session[KEY]
        lines = tuple(Line(what, text) for what, text in kept["lines"])
        return cls(
            kept["added"],
            kept["already"],
            lines,
            kept["candidate_id"],
            kept["candidate"],
            kept["duplicate"],
        )

    @property
    def summary(self) -> str:
        """What was taken, in a sentence."""
        if self.added:
            return ngettext(
                "%(num)s picture was added.", "%(num)s pictures were added.", self.added
            )
        if self.already and not self.lines and not self.duplicate:
            return _("These pictures are enrolled already. Nothing was changed.")
        return _("No picture was added.")

    @property
    def warning(self) -> str:
        """What to say about somebody who looks the same; empty where nobody does."""
        if not self.duplicate:
            return ""
        if self.candidate:
            return _(
                "This face looks like %(name)s, who is enrolled already. Check which of the two "
                "it is. Nothing was saved.",
                name=self.candidate,
            )
        return _(
            "This face looks like somebody of another group who is enrolled already. Ask an "
            "administrator to check which of the two it is. Nothing was saved."
        )


def reason(refused: EnrolmentRefused) -> str:
    """Return why a picture was not taken, translated where the sentence is one of ours."""
    known: dict[str, str] = {code.value: text for code, text in REFUSAL_TEXT.items()}
    plain = known.get(refused.code)
    if plain is None or refused.code == Refusal.UNREADABLE.value:  # its sentence says more
        return sentence(refused.sentence)
    return sentence(plain)


def _candidate(double: EnrolmentRefused | None) -> tuple[str | None, str]:
    """Return (id, name) of who looks the same, when the actor may see them."""
    if double is None or double.candidate_id is None:
        return None, ""
    snapshot = everybody()
    known = snapshot.people.get(double.candidate_id)
    if known is None or not may_see(known, snapshot):
        return None, ""
    return known.subject_id, known.subject.name
