"""Searching, filtering, sorting and paging the index of people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rollbook.services.folding import folded
from rollbook.services.people_index import Known, Snapshot

PAGE = 50  # people
SHORTEST_ID = 4  # digits of a random id that are looked for


class Show(StrEnum):
    """Who is shown."""

    ALL = "all"
    WITHOUT_CONSENT = "no-consent"
    WITHOUT_SAMPLES = "no-samples"
    LEAVERS = "leavers"
    LOOK_ALIKES = "look-alikes"


class Order(StrEnum):
    """What the list is sorted by."""

    NAME = "name"
    GROUP = "group"
    EXTERNAL_ID = "id"
    FEWEST_SAMPLES = "samples"


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody asks for."""

    text: str = ""
    group_id: str | None = None
    show: Show = Show.ALL
    order: Order = Order.NAME
    page: int = 1
    alike: frozenset[str] = frozenset()  # subject ids that look like another one


@dataclass(frozen=True, slots=True)
class Found:
    """One page of people, and how many there are."""

    people: tuple[Known, ...]
    total: int
    page: int
    pages: int


def search(
    snapshot: Snapshot, query: Query, own_groups: frozenset[str] | None, size: int = PAGE
) -> Found:
    """Return a page of those whom somebody with these groups may see; None means every group."""
    matches: Sequence[Known] = snapshot.ordered
    for fits in _tests(snapshot.day, query, own_groups):
        matches = [known for known in matches if fits(known)]
    text = folded(query.text)
    if text:
        matches = _matching(matches, text)
    if query.order is not Order.NAME:
        key = _key(query.order, snapshot.groups)
        matches = sorted(matches, key=key)  # stable: then by name
    pages = max(1, -(-len(matches) // size))
    page = min(max(1, query.page), pages)
    shown = matches[(page - 1) * size : page * size]
    return Found(tuple(shown), len(matches), page, pages)


def sees(known: Known, own_groups: frozenset[str] | None, day: date) -> bool:
    """Return whether somebody with these groups may see a person."""
    if own_groups is None:
        return True
    return any(m.group_id in own_groups and m.lasts_to(day) for m in known.memberships)


Test = Callable[[Known], bool]


def _tests(day: date, query: Query, own: frozenset[str] | None) -> Iterator[Test]:
    if own is not None:
        yield lambda known: sees(known, own, day)
    if query.group_id is not None:
        wanted = query.group_id
        yield lambda known: wanted in known.group_ids
    match query.show:
        case Show.WITHOUT_CONSENT:
            yield lambda known: not known.agreed
        case Show.WITHOUT_SAMPLES:
            yield lambda known: known.samples == 0
        case Show.LEAVERS:
            yield lambda known: known.has_left(day)
        case Show.LOOK_ALIKES:
            yield lambda known: known.subject_id in query.alike
        case Show.ALL:
            pass


def _matching(people: Sequence[Known], text: str) -> list[Known]:
    """Return those who have every word in the name, or whose external id or id begins so.

    It goes through everybody for each key that is typed, so nothing is called that need not be.
    """
    first, *rest = text.split()
    found = [
        known
        for known in people
        if (first in known.folded and (not rest or all(word in known.folded for word in rest)))
        or known.folded_id.startswith(text)
    ]
    if len(text) >= SHORTEST_ID and not set(text) - set("0123456789abcdef"):
        named = set(map(id, found))
        found += [
            known
            for known in people
            if known.subject.subject_id.startswith(text) and id(known) not in named
        ]
    return found


def _key(order: Order, groups: Mapping[str, str]) -> Callable[[Known], tuple[bool, str, int]]:
    names = {group_id: folded(name) for group_id, name in groups.items()}

    def key(known: Known) -> tuple[bool, str, int]:
        match order:
            case Order.GROUP:
                own = [names.get(one, "") for one in known.group_ids]
                return (not own, " ".join(sorted(own)) if len(own) > 1 else "".join(own), 0)
            case Order.EXTERNAL_ID:
                return (not known.folded_id, known.folded_id, 0)
            case _:
                return (False, "", known.samples)

    return key
