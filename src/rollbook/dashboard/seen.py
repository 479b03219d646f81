"""What one visitor may see: all facts and names that a page shows come through here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import streamlit as st

from rollbook.bootstrap import App
from rollbook.dashboard.hosting import Visitor, host
from rollbook.dashboard.words import _
from rollbook.domain.access import Actor, Role
from rollbook.domain.facts import Facts
from rollbook.domain.tallies import Tally
from rollbook.services.people_index import Known

PATIENCE = 20.0  # seconds until names are opened
SHORT = 6  # characters of an id, where nothing else tells two people apart


@dataclass(frozen=True, slots=True)
class Seen:
    """The register as far as the visitor may see it."""

    visitor: Visitor

    @property
    def actor(self) -> Actor:
        return self.visitor.actor

    @property
    def parts(self) -> App:
        return host().parts

    def require_same_visitor(self) -> None:
        """Begin the page anew where the visitor may not look any more, or sees other groups.

        A part of a page that runs by itself asks: a browser can run that part alone, for ever.
        """
        if host().visitor() != self.visitor:
            st.rerun()

    @property
    def only_self(self) -> bool:
        """Whether there is nothing to see but the own record."""
        return self.actor.role is Role.SUBJECT

    def facts(self, first_day: date, last_day: date) -> Facts:
        """Return the facts of these days, cut to what the visitor may see."""
        with st.spinner(_("The register is being read …")):
            _number, facts = self.parts.live_facts.between(first_day, last_day)
        return seen_of(facts, self.actor)

    def tallies(self, first_day: date, last_day: date) -> dict[Tally, int] | None:
        """Return what was refused and tried again at the site; None to who sees a part of it."""
        if self.only_self or self.actor.group_ids is not None:
            return None
        with self.parts.uow() as uow:
            return uow.tallies.between(first_day, last_day)

    def groups(self) -> dict[str, str]:
        """Return group id -> name of the groups that the visitor may see, by name."""
        if self.only_self:
            return {}
        rows = self.parts.groups.rows(self.actor.group_ids)
        return {row.group.group_id: row.group.name for row in rows}

    def names(self) -> Mapping[str, str]:
        """Return subject id -> name. Who was erased has none any more."""
        if self.only_self:
            own = self.actor.subject_id
            return {} if own is None else {own: self.actor.name}
        with st.spinner(_("Names are being opened …")):
            view = self.parts.people_index.current(PATIENCE)
        if view is None:
            st.info(
                _(
                    "The names are being opened. They lie sealed, so this takes a moment "
                    "after each start."
                )
            )
            st.stop()
        return names_of(view.people)


class _Names(Mapping[str, str]):
    """Names that tell people apart: charts and fields know a person by the name alone."""

    def __init__(self, people: Mapping[str, Known]) -> None:
        self._people = people
        names = Counter(known.subject.name for known in people.values())
        self._shared = {name for name, count in names.items() if count > 1}

    def __getitem__(self, subject_id: str) -> str:
        subject = self._people[subject_id].subject
        if subject.name not in self._shared:
            return subject.name
        return f"{subject.name} ({subject.external_id or subject_id[:SHORT]})"

    def __iter__(self) -> Iterator[str]:
        return iter(self._people)

    def __len__(self) -> int:
        return len(self._people)


def names_of(people: Mapping[str, Known]) -> Mapping[str, str]:
    """Return subject id -> name, opened to be shown when it is asked for."""
    return _Names(people)


def seen_of(facts: Facts, actor: Actor) -> Facts:
    """Return the rows that an account may see: of own groups, of the own person, or all."""
    if actor.role is Role.SUBJECT:
        return facts.of_subject(actor.subject_id or "")
    return facts if actor.group_ids is None else facts.of_groups(actor.group_ids)
