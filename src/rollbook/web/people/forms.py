"""What people type into the forms of this area, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from flask import request
from flask_babel import get_locale
from flask_babel import gettext as _

from rollbook.domain.subjects import clean_name
from rollbook.domain.timetable import EARLIEST, LATEST
from rollbook.errors import InvalidInput
from rollbook.services.consenting import ConsentTerms
from rollbook.services.people import clean_id
from rollbook.web.errors import sentence
from rollbook.web.parts import parts

MOST_CONTACTS = 10


@dataclass
class Form:
    """The values as they were typed, to be shown again, and what is wrong with them."""

    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def sent(cls) -> Form:
        return cls(request.form.to_dict())

    def text(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def checked(self, name: str) -> bool:
        return self.values.get(name) == "yes"

    def try_(self, name: str, read: Callable[[], object]) -> object:
        """Return what `read` gives, or note under the field why it does not."""
        try:
            return read()
        except InvalidInput as error:
            self.errors[name] = sentence(error)
            return None

    def name(self) -> str:
        if not self.text("name"):
            self.errors["name"] = _("Please enter a name.")
            return ""
        return str(self.try_("name", lambda: clean_name(self.text("name"))) or "")

    def external_id(self) -> str | None:
        found = self.try_("external_id", lambda: clean_id(self.text("external_id")))
        return None if found is None else str(found)

    def contacts(self) -> tuple[str, ...]:
        lines = [line.strip() for line in self.text("contacts").splitlines() if line.strip()]
        if len(lines) > MOST_CONTACTS or any(len(line) > 200 for line in lines):
            self.errors["contacts"] = _("At most ten contacts, each on a line of its own.")
            return ()
        return tuple(lines)

    def day(self, name: str, *, required: bool = False) -> date | None:
        text = self.text(name)
        if not text:
            if required:
                self.errors[name] = _("Please choose a day.")
            return None
        try:
            found = date.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or not EARLIEST < found < LATEST:
            self.errors[name] = _("This is not a day. Write it as year-month-day.")
            return None
        return found

    def terms(self, *, minor: bool = False) -> ConsentTerms:
        """Return what was agreed to; both the text and who said so are needed."""
        text_id, guardian = self.text("text_id"), self.text("guardian")
        given_by = self.text("given_by") or guardian
        if not text_id:
            self.errors["text_id"] = _("Say which text was agreed to.")
        if not given_by:
            self.errors["given_by"] = _("Say who agreed: the person, or who cares for them.")
        if minor and not guardian:
            self.errors["guardian"] = _("Name the guardian: this person is a minor.")
        return ConsentTerms(
            text_id,
            given_by,
            language_of(text_id),
            self.day("retain_until"),
            guardian,
            crops=self.checked("crops"),
        )


def language_of(text_id: str) -> str:
    """Return the language of a published text, or of the page where it is none of the site's."""
    found = parts().papers.consent_text(text_id)
    return found.language if found else str(get_locale() or "")
