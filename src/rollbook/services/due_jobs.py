"""What the names of due work stand for. Areas add theirs here, or by `DueRunner.register`."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from rollbook.domain.localtime import to_utc
from rollbook.domain.ports import UnitOfWork
from rollbook.services.anchors import Anchors, Keep
from rollbook.services.backups import BACKUP_JOB, Backups
from rollbook.services.backups import LOOK_EVERY as LOOK_FOR_BACKUPS
from rollbook.services.due import Errand, Jobs, NextTime
from rollbook.services.erasing import FINISH_JOB, Erasing
from rollbook.services.fact_book import JOB as FOLD_JOB
from rollbook.services.fact_book import FactBook
from rollbook.services.purging import Purging
from rollbook.services.report_plans import JOB as REPORT_JOB
from rollbook.services.report_plans import ReportPlans
from rollbook.services.retention import Retention
from rollbook.services.reviewing import LOOK_EVERY, Reviewing
from rollbook.services.session_life import SessionLife
from rollbook.services.session_times import CLOSE_JOB, OPEN_JOB
from rollbook.services.staff_news import DAILY_JOB, TROUBLE_JOB, StaffNews
from rollbook.services.staff_news import LOOK_EVERY as LOOK_FOR_TROUBLE
from rollbook.services.timetable import PLAN_AT, PLAN_JOB, Timetable

ANCHOR_JOB, ANCHOR_AT = "anchor of the register", time(4, 20)
FOLD_AT = time(2, 40)
NEWS_AT = time(6, 45)
REPORT_AT = time(5, 10)
PURGE_JOB, PURGE_AT = "purge", time(3, 40)
REVIEW_JOB = "forget unsure faces"


class Parts(Protocol):
    """What the jobs use of an installation."""

    @property
    def anchors(self) -> Anchors: ...
    @property
    def keep_anchor(self) -> Keep: ...
    @property
    def zone(self) -> ZoneInfo: ...
    @property
    def timetable(self) -> Timetable: ...
    @property
    def session_life(self) -> SessionLife: ...
    @property
    def reviewing(self) -> Reviewing: ...
    @property
    def erasing(self) -> Erasing: ...
    @property
    def retention(self) -> Retention: ...
    @property
    def nightly_purging(self) -> Purging: ...
    @property
    def backups(self) -> Backups: ...
    @property
    def facts(self) -> FactBook: ...
    @property
    def report_plans(self) -> ReportPlans: ...
    @property
    def staff_news(self) -> StaffNews: ...
    def uow(self) -> UnitOfWork: ...


def jobs_of(parts: Parts) -> Jobs:
    """Return the jobs of an installation by name."""
    jobs = Jobs({}, {})
    jobs.register(OPEN_JOB, lambda errand: parts.session_life.open_when_due(errand))
    jobs.register(CLOSE_JOB, lambda errand: parts.session_life.close_when_due(errand))
    jobs.register(
        PLAN_JOB, lambda errand: parts.timetable.plan_when_due(errand), every_day(parts, PLAN_AT)
    )
    jobs.register(FINISH_JOB, lambda errand: parts.erasing.finish_when_due(errand))
    jobs.register(PURGE_JOB, lambda errand: purge(parts, errand), every_day(parts, PURGE_AT))
    jobs.register(
        REVIEW_JOB,
        lambda errand: parts.reviewing.forget_when_due(errand),
        lambda after: after + LOOK_EVERY,
    )
    jobs.register(
        BACKUP_JOB,
        lambda errand: parts.backups.run_when_due(errand),
        lambda after: after + LOOK_FOR_BACKUPS,
    )
    jobs.register(
        ANCHOR_JOB,
        lambda errand: parts.anchors.make_when_due(errand, parts.keep_anchor),
        every_day(parts, ANCHOR_AT),
    )
    jobs.register(
        FOLD_JOB, lambda errand: parts.facts.fold_when_due(errand), every_day(parts, FOLD_AT)
    )
    jobs.register(
        DAILY_JOB,
        lambda errand: parts.staff_news.daily_when_due(errand),
        every_day(parts, NEWS_AT),
    )
    jobs.register(
        TROUBLE_JOB,
        lambda errand: parts.staff_news.trouble_when_due(errand),
        lambda after: after + LOOK_FOR_TROUBLE,
    )
    jobs.register(
        REPORT_JOB,
        lambda errand: parts.report_plans.run_when_due(errand),
        every_day(parts, REPORT_AT),
    )
    return jobs


def every_day(parts: Parts, wall: time) -> NextTime:
    """Return what says when it is this time of day again at the site."""

    def next_time(after: datetime) -> datetime:
        zone = parts.zone
        day = after.astimezone(zone).date()
        found = to_utc(day, wall, zone)
        return found if found > after else to_utc(day + timedelta(days=1), wall, zone)

    return next_time


def purge(parts: Parts, errand: Errand) -> None:
    """Delete what is due by the site's rules. A run that was killed is finished by the next."""
    parts.retention.begin()
    parts.nightly_purging.run()
