"""Finds the person or group that somebody means."""

from __future__ import annotations

from collections.abc import Sequence

from rollbook.domain.ports import UnitOfWork
from rollbook.domain.subjects import Group, Subject
from rollbook.errors import InvalidInput, NotFound

SHORTEST_PREFIX = 4  # digits of an id


class Ambiguous(InvalidInput):
    """Several people are meant; `candidates` are they."""

    def __init__(self, wanted: str, candidates: Sequence[Subject]) -> None:
        self.candidates = tuple(candidates)
        listed = "; ".join(_described(person) for person in candidates)
        super().__init__(
            f"Several people are called {wanted!r}: {listed}. Give the external id, or the "
            "beginning of the id."
        )


def find_subject(uow: UnitOfWork, wanted: str) -> Subject:
    """Return the person with this external id, name, id or beginning of an id.

    An external id wins over a name; capitals and repeated spaces make no difference to names.

    Raises:
        NotFound: nobody is meant.
        Ambiguous: several people have the name, or ids that begin like this.
    """
    wanted = wanted.strip()
    by_external_id = uow.subjects.by_external_id(wanted) if wanted else None
    if by_external_id is not None:
        return by_external_id
    people = uow.subjects.all()
    named = [person for person in people if _folded(person.name) == _folded(wanted)]
    if not named and len(wanted) >= SHORTEST_PREFIX:
        named = [person for person in people if person.subject_id.startswith(wanted.lower())]
    if not named:
        raise NotFound(
            "There is nobody called %(wanted)r. Look with: rollbook person list", wanted=wanted
        )
    if len(named) > 1:
        raise Ambiguous(wanted, named)
    return named[0]


def find_group(uow: UnitOfWork, wanted: str) -> Group:
    """Return the group with this name, id or beginning of an id.

    Raises:
        NotFound: there is none, or several ids begin like this.
    """
    wanted = " ".join(wanted.split())
    by_name = uow.groups.by_name(wanted)
    if by_name is not None:
        return by_name
    begun = [group for group in uow.groups.all() if group.group_id.startswith(wanted.lower())]
    if len(begun) == 1 and len(wanted) >= SHORTEST_PREFIX:
        return begun[0]
    raise NotFound(
        "There is no group called %(wanted)r. Look with: rollbook group list", wanted=wanted
    )


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _described(person: Subject) -> str:
    external = f", external id {person.external_id}" if person.external_id else ""
    return f"{person.name} (id {person.subject_id[:8]}{external})"
