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
    fits = _filters(snapshot.day, query, own_groups)
    matches = [known for known in snapshot.ordered if all(test(known) for test in fits)]
    if query.order is not Order.NAME:
        matches.sort(key=_key(query.order, snapshot.groups))  # stable: then by name
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


def _filters(day: date, query: Query, own: frozenset[str] | None) -> Sequence[Test]:
    return list(_tests(day, query, own))


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
    text = folded(query.text)
    if text:
        yield _matching(text)


def _matching(text: str) -> Test:
    """Every word is in the name, or the external id or the random id begins with the text."""
    words = text.split()

    def test(known: Known) -> bool:
        name = known.folded
        if all(word in name for word in words):
            return True
        if known.folded_id.startswith(text):
            return True
        return len(text) >= SHORTEST_ID and known.subject_id.startswith(text)

    return test


def _key(order: Order, groups: Mapping[str, str]) -> Callable[[Known], tuple[bool, str, int]]:
    def key(known: Known) -> tuple[bool, str, int]:
        match order:
            case Order.GROUP:
                names = sorted(folded(groups.get(one, "")) for one in known.group_ids)
                return (not names, " ".join(names), 0)
            case Order.EXTERNAL_ID:
                return (not known.folded_id, known.folded_id, 0)
            case _:
                return (False, "", known.samples)

    return key
