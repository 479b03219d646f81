"""Figures of charts and reports, from `Facts` alone: the one place where they are computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rollbook.domain.attendance import Method, Status
from rollbook.domain.facts import METHODS, NO_ARRIVAL, NO_METHOD, STATUSES, Facts, SessionFact
from rollbook.domain.totals import Totals

Key = TypeVar("Key", bound=Hashable)
Sortable = TypeVar("Sortable", date, str)
NOT_THERE = -1  # in a heat map: not on the roster and not marked
MISSED, OPEN = STATUSES.index(Status.ABSENT), STATUSES.index(Status.OPEN)
EXCUSED = STATUSES.index(Status.EXCUSED)
ATTENDED = [STATUSES.index(one) for one in (Status.PRESENT, Status.LATE, Status.LEFT_EARLY)]


@dataclass(frozen=True, slots=True)
class Bar:
    """How many arrivals lie in a span of minutes after the start."""

    first_minute: int  # included; negative: before the start
    last_minute: int  # included
    arrivals: int


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """People by sessions; `cells` has shape (people, sessions)."""

    subjects: tuple[str, ...]
    sessions: tuple[SessionFact, ...]  # by day and start
    cells: npt.NDArray[np.int16]  # places in STATUSES, or NOT_THERE


@dataclass(frozen=True, slots=True)
class RiskRules:
    """When somebody is shown as at risk."""

    below: float = 85.0  # percentage
    in_a_row: int = 3  # absences without an excuse, the newest of the person's sessions last
    drop: float = 20.0  # points by which the last weeks are below what was before
    recent: timedelta = timedelta(weeks=4)
    at_least: int = 5  # sessions that must count before a percentage says anything


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Why somebody is at risk; what is None is no reason."""

    subject_id: str
    totals: Totals
    low: float | None = None  # the percentage that is below the line
    in_a_row: int | None = None  # absences without an excuse, up to the newest session
    fell: tuple[float, float] | None = None  # percentage before, and in the last weeks

    @property
    def reasons(self) -> int:
        return sum(each is not None for each in (self.low, self.in_a_row, self.fell))


def by_day(facts: Facts) -> dict[date, Totals]:
    """Return business date -> totals, earliest first."""
    return _in_order(_by_session(facts, lambda one: one.day))


def by_week(facts: Facts) -> dict[date, Totals]:
    """Return Monday -> totals of its week, earliest first."""
    return _in_order(_by_session(facts, lambda one: monday_of(one.day)))


def by_month(facts: Facts) -> dict[date, Totals]:
    """Return first day -> totals of its month, earliest first."""
    return _in_order(_by_session(facts, lambda one: one.day.replace(day=1)))


def by_span(facts: Facts, spans: Sequence[tuple[str, date, date]]) -> dict[str, Totals]:
    """Return name -> totals of spans of days such as terms; those without sessions are left out.

    A span is its name, first and last day, both included.
    """
    found = {name: facts.between(first, last).totals for name, first, last in spans}
    return {name: totals for name, totals in found.items() if totals != Totals()}


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def shares(counts: Mapping[Method, int]) -> dict[Method, float]:
    """Return what percentage of all each method is.

    >>> shares({Method.FACE: 3, Method.HAND: 1})[Method.FACE]
    75.0
    """
    whole = sum(counts.values())
    return {method: 100 * count / whole for method, count in counts.items() if whole}


def share_late(totals: Totals) -> float | None:
    """Return what percentage of those who came were late; None when nobody came."""
    return 100 * totals.late / totals.attended if totals.attended else None


def added(many: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return several counts by name as one, the most frequent first.

    >>> added([{"too_dark": 1}, {"blurred": 3}])
    {'blurred': 3, 'too_dark': 1}
    """
    return dict(sum((Counter(one) for one in many), Counter[str]()).most_common())


def added_totals(many: Iterable[Totals]) -> Totals:
    """Return the totals of several sessions together."""
    counts = np.array([astuple(one) for one in many] or [astuple(Totals())], np.int64)
    return Totals(*(int(count) for count in counts.sum(axis=0)))


def by_month_and_method(facts: Facts) -> dict[date, dict[Method, int]]:
    """Return first day of a month -> arrivals by method, earliest first."""
    months = sorted({one.day.replace(day=1) for one in facts.sessions})
    places = {month: place for place, month in enumerate(months)}
    of_session = np.array([places[one.day.replace(day=1)] for one in facts.sessions], np.int64)
    found = {}
    for month, place in places.items():
        counts = by_method(facts.where(of_session[facts.session] == place))
        if counts:
            found[month] = counts
    return found


def score_bars(facts: Facts, width: float = 0.05) -> dict[float, int]:
    """Return how far scores of faces were above their thresholds: lower end of a bar -> marks."""
    known = ~np.isnan(facts.score)
    above = facts.score[known].astype(np.float64) - facts.threshold[known]
    places, counts = np.unique(np.floor(above / width + 1e-6), return_counts=True)
    return {
        round(float(place) * width, 4): int(count)
        for place, count in zip(places, counts, strict=True)
    }


def own_days(facts: Facts, subject_id: str) -> list[tuple[SessionFact, Status, int | None]]:
    """Return one person's sessions by start: what they were, and minutes after the start."""
    own = facts.of_subject(subject_id)
    rows = [
        (
            own.sessions[own.session[n]],
            STATUSES[own.status[n]],
            None if own.arrival[n] == NO_ARRIVAL else int(own.arrival[n]),
        )
        for n in range(len(own))
    ]
    return sorted(rows, key=lambda row: (row[0].starts_at, row[0].session_id))


def by_group(facts: Facts) -> dict[str, Totals]:
    """Return group id -> totals."""
    return _in_order(_by_session(facts, lambda one: one.group_id))


def by_session(facts: Facts) -> dict[SessionFact, Totals]:
    """Return the totals of each session, by day and start."""
    found = _by_session(facts, lambda one: one)
    return dict(sorted(found.items(), key=lambda item: (item[0].day, item[0].starts_at)))


def by_subject(facts: Facts) -> dict[str, Totals]:
    """Return subject id -> totals."""
    counts = _counts(facts.subject, facts.status, len(facts.subjects))
    return {
        subject: _totals(row)
        for subject, row in zip(facts.subjects, counts, strict=True)
        if row.any()
    }


def by_method(facts: Facts) -> dict[Method, int]:
    """Return how many arrivals came about by which method.

    Who did not come does not count, also where somebody said so: excused by hand is no arrival.
    """
    named = facts.method[(facts.method != NO_METHOD) & np.isin(facts.status, ATTENDED)]
    counts = np.bincount(named, minlength=len(METHODS))
    return {method: int(n) for method, n in zip(METHODS, counts, strict=True) if n}


def punctuality(facts: Facts, width: int = 5, furthest: int = 60) -> list[Bar]:
    """Return arrivals against the start, in bars of `width` minutes.

    Those further away than `furthest` minutes are in the outermost bars.

    Raises:
        ValueError: the width is not positive, or `furthest` is no multiple of it.
    """
    if width < 1 or furthest % width:
        raise ValueError("furthest must be a multiple of a positive width")
    minutes = facts.arrival[facts.arrival != NO_ARRIVAL].astype(np.int64)
    places = np.clip(minutes, -furthest, furthest - 1) // width
    first = -furthest // width
    counts = np.bincount(places - first, minlength=2 * furthest // width)
    return [
        Bar((first + n) * width, (first + n + 1) * width - 1, int(count))
        for n, count in enumerate(counts)
    ]


def heat_map(facts: Facts) -> HeatMap:
    """Return who was what in which session."""
    used = np.unique(facts.session)
    order = sorted(used, key=lambda n: (facts.sessions[n].day, facts.sessions[n].starts_at))
    people = np.unique(facts.subject)
    cells = np.full((len(people), len(order)), NOT_THERE, np.int16)
    column = np.zeros(len(facts.sessions) + 1, np.int64)
    column[order] = np.arange(len(order))
    cells[np.searchsorted(people, facts.subject), column[facts.session]] = facts.status
    return HeatMap(
        subjects=tuple(facts.subjects[n] for n in people),
        sessions=tuple(facts.sessions[n] for n in order),
        cells=cells,
    )


def at_risk(facts: Facts, rules: RiskRules, today: date) -> list[AtRisk]:
    """Return who needs a look, most reasons first, then the lowest percentage.

    Open sessions never count. Being excused breaks no row of absences and is none itself.
    """
    known = facts.where(facts.status != OPEN)
    days = np.array([one.day.toordinal() for one in known.sessions] or [0])[known.session]
    recent = days > (today - rules.recent).toordinal()
    whole, now, before = (
        by_subject(each) for each in (known, known.where(recent), known.where(~recent))
    )
    rows = _rows_of_absences(known)
    nothing = Totals()
    found = [
        AtRisk(
            subject,
            totals,
            low=_low(totals, rules),
            in_a_row=rows[subject] if rows.get(subject, 0) >= rules.in_a_row else None,
            fell=_fell(before.get(subject, nothing), now.get(subject, nothing), rules),
        )
        for subject, totals in whole.items()
    ]
    return sorted((one for one in found if one.reasons), key=_urgency)


def _urgency(one: AtRisk) -> tuple[int, float, str]:
    percentage = one.totals.percentage
    return (-one.reasons, 101.0 if percentage is None else percentage, one.subject_id)


def _low(totals: Totals, rules: RiskRules) -> float | None:
    percentage = totals.percentage
    enough = totals.counted >= rules.at_least
    return percentage if enough and percentage is not None and percentage < rules.below else None


def _fell(before: Totals, now: Totals, rules: RiskRules) -> tuple[float, float] | None:
    if min(before.counted, now.counted) < rules.at_least:
        return None
    was, is_now = before.percentage, now.percentage
    if was is None or is_now is None or was - is_now < rules.drop:
        return None
    return was, is_now


def _rows_of_absences(facts: Facts) -> dict[str, int]:
    """Return subject id -> absences since they were last there; who was there last has none."""
    counted = facts.where(facts.status != EXCUSED)
    starts = np.array([one.starts_at.timestamp() for one in counted.sessions] or [0.0])
    order = np.lexsort((starts[counted.session], counted.subject))
    subject, missed = counted.subject[order], counted.status[order] == MISSED
    rows: dict[str, int] = {}
    bounds = np.flatnonzero(np.diff(subject)) + 1
    for part, absences in zip(np.split(subject, bounds), np.split(missed, bounds), strict=True):
        if len(part):
            there = np.flatnonzero(~absences)
            last_there = int(there[-1]) if len(there) else -1
            rows[facts.subjects[part[0]]] = len(absences) - 1 - last_there
    return rows


def _by_session(facts: Facts, key: Callable[[SessionFact], Key]) -> dict[Key, Totals]:
    """Return totals by what `key` says of the sessions."""
    keys = [key(one) for one in facts.sessions]
    places: dict[Key, int] = {}
    of_session = np.array([places.setdefault(one, len(places)) for one in keys], np.int64)
    counts = _counts(of_session[facts.session], facts.status, len(places))
    return {one: _totals(counts[n]) for one, n in places.items() if counts[n].any()}


def _in_order(found: dict[Sortable, Totals]) -> dict[Sortable, Totals]:
    return dict(sorted(found.items()))


def _counts(
    group: npt.NDArray[np.integer], status: npt.NDArray[np.uint8], groups: int
) -> npt.NDArray[np.int64]:
    """Return how often each status occurs in each group, (groups, statuses)."""
    width = len(STATUSES)
    flat = np.bincount(group.astype(np.int64) * width + status, minlength=groups * width)
    return flat.reshape(groups, width)


def _totals(row: npt.NDArray[np.int64]) -> Totals:
    return Totals(**{one.value: int(n) for one, n in zip(STATUSES, row, strict=True)})
