"""Figures of attendance: the same that dashboard and reports show, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from pydantic import BaseModel, Field, model_validator

from rollbook.domain import figures
from rollbook.domain.figures import RiskRules
from rollbook.domain.month import LONGEST
from rollbook.domain.tokens import Scope
from rollbook.domain.totals import Totals
from rollbook.web.access import require_group
from rollbook.web.api.common import Day, Id, Query, own_groups
from rollbook.web.api.operations import operation
from rollbook.web.parts import parts


class FiguresQuery(Query):
    """A year at most."""

    first_day: Day
    last_day: Day
    group_id: Id | None = Field(None, description="left out: all groups that the account sees")

    @model_validator(mode="after")
    def _in_order(self) -> FiguresQuery:
        if not timedelta(0) <= self.last_day - self.first_day < timedelta(days=LONGEST):
            raise ValueError("last_day is before first_day, or more than a year after it")
        return self


class Counts(BaseModel):
    """How often each status occurs."""

    present: int
    late: int
    left_early: int
    absent: int
    excused: int
    open: int
    percent: str | None = Field(description="null: nothing is counted yet")


class DayCounts(BaseModel):
    day: date
    counts: Counts


class GroupCounts(BaseModel):
    group_id: str
    counts: Counts


class Arrivals(BaseModel):
    """Arrivals in a span of minutes after the start; negative minutes are before it."""

    first_minute: int
    last_minute: int
    arrivals: int


class Risk(BaseModel):
    """Somebody who needs a look; what is null is no reason."""

    subject_id: str
    counts: Counts
    below: float | None = Field(description="the percentage, where it is below the line")
    absences_in_a_row: int | None = Field(description="without an excuse, up to the newest session")
    fell_from: float | None
    fell_to: float | None


class Figures(BaseModel):
    """What the register says of these days, as it stands now."""

    first_day: date
    last_day: date
    counts: Counts
    days: list[DayCounts]
    weeks: list[DayCounts] = Field(description="each by its Monday")
    groups: list[GroupCounts]
    methods: dict[str, int] = Field(description="arrivals by the way in which they were marked")
    arrivals: list[Arrivals]
    at_risk: list[Risk] = Field(description="by urgency")


@operation(
    "GET",
    "/figures",
    scope=Scope.SESSIONS_READ,
    query=FiguresQuery,
    answer=Figures,
    refusals=(404,),
)
def read_figures(query: FiguresQuery) -> Figures:
    """Read the figures of some days, of one group or of all that the account sees."""
    wanted = own_groups()
    if query.group_id is not None:
        wanted = frozenset({require_group(query.group_id).group_id})
    facts = parts().facts.read(query.first_day, query.last_day, wanted)
    today = min(parts().today(), query.last_day)
    by_group = figures.by_group(facts)
    return Figures(
        first_day=query.first_day,
        last_day=query.last_day,
        counts=_counts(facts.totals),
        days=_days(figures.by_day(facts)),
        weeks=_days(figures.by_week(facts)),
        groups=[GroupCounts(group_id=one, counts=_counts(t)) for one, t in by_group.items()],
        methods={method.value: n for method, n in figures.by_method(facts).items()},
        arrivals=[
            Arrivals(first_minute=b.first_minute, last_minute=b.last_minute, arrivals=b.arrivals)
            for b in figures.punctuality(facts)
        ],
        at_risk=[_risk(one) for one in figures.at_risk(facts, RiskRules(), today)],
    )


def _counts(totals: Totals) -> Counts:
    return Counts(
        present=totals.present,
        late=totals.late,
        left_early=totals.left_early,
        absent=totals.absent,
        excused=totals.excused,
        open=totals.open,
        percent=totals.percent or None,
    )


def _days(found: Mapping[date, Totals]) -> list[DayCounts]:
    return [DayCounts(day=day, counts=_counts(totals)) for day, totals in found.items()]


def _risk(one: figures.AtRisk) -> Risk:
    was, is_now = one.fell or (None, None)
    return Risk(
        subject_id=one.subject_id,
        counts=_counts(one.totals),
        below=one.low,
        absences_in_a_row=one.in_a_row,
        fell_from=was,
        fell_to=is_now,
    )
