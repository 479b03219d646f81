"""Backups of the site: where they go, when, what became of them, and who is told of it."""

from __future__ import annotations

import logging
import time as clocks
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from rollbook.domain.backups import (
    KEEP,
    MOST_KEPT,
    Archive,
    Backup,
    Destination,
    LastKeyCopy,
    Progress,
    Run,
)
from rollbook.domain.localtime import to_utc
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import new_id
from rollbook.domain.task_ports import Task
from rollbook.errors import AlreadyExists, InvalidInput, NotFound, RollbookError, StorageUnavailable
from rollbook.services.backup_places import (
    DESTINATIONS,
    ELSEWHERE,
    keep_places,
    kept_places,
    remember,
    take_off,
)
from rollbook.services.backup_problems import Problem, problems_of
from rollbook.services.due import Errand
from rollbook.services.single_tasks import begin_once, newest
from rollbook.services.tasks import TaskControl

KIND = "backup"
SCHEDULE, KEEPING = "backup_schedule", "backup_keep"
RUNS, SITE, PAUSED = "backup_runs", "backup_site", "backups_paused"
BY_CLOCK = "site"  # who asks for what the schedule starts
BACKUP_JOB, LOOK_EVERY = "backup", timedelta(minutes=15)
TRY_AGAIN = timedelta(hours=1)  # after a run that failed
SAY = 0.5  # seconds between two words of a task on how far it is

log = logging.getLogger(__name__)


class Backups:
    """Destinations, schedule and runs; a run writes one data file and the key bundle to each."""

    def __init__(
        self,
        open_uow: OpenUnitOfWork,
        clock: Clock,
        archive: Archive,
        zone: Callable[[], ZoneInfo],
        mend_erased: Callable[[], object] = lambda: None,
    ) -> None:
        """`mend_erased` completes the list of erased people, which each key bundle takes along."""
        self._open_uow = open_uow
        self._clock = clock
        self._archive = archive
        self._zone = zone
        self._mend_erased = mend_erased

    def destinations(self) -> list[Destination]:
        with self._open_uow() as uow:
            return kept_places(uow, DESTINATIONS, self._archive.shown)

    def elsewhere(self) -> list[Destination]:
        """Return where backups lie as well: made by hand, or no destination any more."""
        with self._open_uow() as uow:
            return kept_places(uow, ELSEWHERE, self._archive.shown)

    def add(self, url: str, by: str) -> Destination:
        """Try a destination out and remember it.

        Raises:
            InvalidInput: it is no address, or backups of another site lie there.
            StorageUnavailable: nothing can be written there; the text says why.
            AlreadyExists: it is there already.
        """
        url = url.strip()
        if not url:
            raise InvalidInput("Write a folder, or an address like sftp://name@machine/folder.")
        if any(one.url == url for one in self.destinations()):
            raise AlreadyExists("Backups go there already.")
        self._archive.try_out(url, self.site_id())
        made = Destination(new_id(), url, self._archive.shown(url))
        with self._open_uow() as uow:
            uow.register.hold()  # two clicks are one destination
            found = kept_places(uow, DESTINATIONS, self._archive.shown)
            if any(one.url == url for one in found):
                raise AlreadyExists("Backups go there already.")
            keep_places(uow, DESTINATIONS, [*found, made])
            others = kept_places(uow, ELSEWHERE, self._archive.shown)
            keep_places(uow, ELSEWHERE, [one for one in others if one.url != url])
            self._note_setting(uow, "backup destination added", by, made.destination_id)
            uow.commit()
        return made

    def try_out(self, destination_id: str) -> Destination:
        """Write, read and delete a small file there; raises as `add`."""
        found = self._destination(destination_id)
        self._archive.try_out(found.url, self.site_id())
        return found

    def remove(self, destination_id: str, by: str) -> Destination:
        """Send no more backups to a destination. What lies there stays, and its key bundle with
        it, so the place is remembered until it is removed once more.

        Raises:
            NotFound: there is no such place.
        """
        with self._open_uow() as uow:
            uow.register.hold()
            gone = take_off(uow, destination_id, self._archive.shown)
            if gone is None:
                raise NotFound("There is no such destination.")
            runs = _mapping(uow.site.get(RUNS))
            uow.site.set(RUNS, {name: run for name, run in runs.items() if name != destination_id})
            self._note_setting(uow, "backup destination removed", by, destination_id)
            uow.commit()
        return gone

    def schedule(self) -> str | None:
        """Return at what time of the site's day backups are made, as "03:15", or None."""
        with self._open_uow() as uow:
            found = uow.site.get(SCHEDULE)
        return str(found) if found else None

    def set_schedule(self, wall: str | None, by: str) -> None:
        """Let backups be made at this time of every day, or never by themselves.

        Raises:
            InvalidInput: it is no time.
        """
        if wall is not None:
            wall = f"{_time_of(wall):%H:%M}"
        with self._open_uow() as uow:
            uow.site.set(SCHEDULE, wall)
            self._note_setting(uow, "backup schedule", by, wall or "")
            uow.commit()

    def keep(self) -> int:
        """Return how many data files stay at each destination."""
        with self._open_uow() as uow:
            found = uow.site.get(KEEPING)
        return found if isinstance(found, int) else KEEP

    def set_keep(self, keep: int, by: str) -> None:
        """Raises InvalidInput when it is not between 1 and 400."""
        if not 1 <= keep <= MOST_KEPT:
            raise InvalidInput("Keep between 1 and %(most)s backups.", most=MOST_KEPT)
        with self._open_uow() as uow:
            uow.site.set(KEEPING, keep)
            self._note_setting(uow, "backups kept", by, str(keep))
            uow.commit()

    def is_paused(self) -> bool:
        """Return whether backups rest since a restore: two machines must not write to one place."""
        with self._open_uow() as uow:
            return bool(uow.site.get(PAUSED))

    def go_on(self, by: str) -> None:
        """Let backups be made again after a restore."""
        with self._open_uow() as uow:
            uow.site.set(PAUSED, False)
            self._note_trust(uow, "backups go on", by, {})
            uow.commit()

    def runs(self) -> dict[str, Run]:
        """Return the last run of each destination by its id."""
        with self._open_uow() as uow:
            return {name: _run(fields) for name, fields in _mapping(uow.site.get(RUNS)).items()}

    def site_id(self) -> str:
        """Return the random id by which backups of this site are told from those of another."""
        with self._open_uow() as uow:
            found = uow.site.get(SITE)
            if found is None:
                uow.register.hold()
                found = uow.site.get(SITE) or new_id()
                uow.site.set(SITE, found)
                uow.commit()
        return str(found)

    def back_up_to(
        self, url: str, by: str, keep: int, progress: Progress, *, make: bool = False
    ) -> Backup:
        """Write a backup to an address; it need not be one of the destinations.

        With `make` the folder is made where it is not there.
        """
        self._mend_erased()
        if make:
            self._archive.try_out(url, self.site_id())
            with self._open_uow() as uow:
                uow.register.hold()
                remember(uow, url, self._archive.shown)
                uow.commit()
        made = self._archive.back_up(url, self.site_id(), self._clock.now(), keep, progress)
        with self._open_uow() as uow:
            self._note_made(uow, made, by)
            uow.commit()
        return made

    def back_up(self, by: str, progress: Progress, only: str | None = None) -> list[Run]:
        """Write a backup to every destination, or to one; what failed is in what is returned.

        Raises:
            NotFound: there is no destination.
            InvalidInput: backups rest since a restore.
        """
        wanted = [self._destination(only)] if only else self.destinations()
        if not wanted:
            raise NotFound("No destination for backups is set up. Add one first.")
        if self.is_paused():
            raise InvalidInput(
                "Backups rest since a restore, so that a drill on another machine does not "
                "replace those of the site. If this is the site's machine now, let them go on "
                "first: rollbook backup --go-on"
            )
        runs = [self._run_one(one, by, progress) for one in wanted]
        self._archive.replace_local_bundle(self._clock.now())
        if not only and all(not run.failure for run in runs):
            self._forget_former_keys()
        return runs

    def _run_one(self, destination: Destination, by: str, progress: Progress) -> Run:
        now = self._clock.now()
        try:
            made = self.back_up_to(destination.url, by, self.keep(), progress)
        except RollbookError as error:
            log.warning("the backup to %s failed: %s", destination.shown, error)
            run = Run(destination.destination_id, now, str(error))
        else:
            run = Run(destination.destination_id, now, "", made.name, made.size, made.entries, now)
        with self._open_uow() as uow:
            runs = dict(_mapping(uow.site.get(RUNS)))
            before = _run(runs[run.destination_id]) if run.destination_id in runs else None
            runs[run.destination_id] = _fields(run, before)
            uow.site.set(RUNS, runs)
            uow.commit()
        return run

    def shown(self, url: str) -> str:
        """Return an address without names, passwords and options."""
        return self._archive.shown(url)

    def kept(self, url: str) -> list[Backup]:
        """Return what lies at an address, newest first."""
        return self._archive.kept(url)

    def check(self, source: str, progress: Progress) -> Backup:
        """Open every part of a backup; raises DecryptionFailed when it is damaged."""
        return self._archive.check(source, progress)

    def oldest_kept(self) -> datetime | None:
        """Return when the oldest data file was made that is still kept anywhere; None: none is.

        Raises:
            StorageUnavailable: a destination cannot be looked at, so nobody knows.
        """
        places = [one.url for one in (*self.destinations(), *self.elsewhere())]
        if (local := self._archive.local()) is not None:
            places.append(local)
        times = [one.made_at for url in places for one in self._archive.kept(url)]
        return min(times, default=None)

    def _forget_former_keys(self) -> None:
        """Destroy former site keys that no kept data file needs any more."""
        try:
            oldest = self.oldest_kept()
        except StorageUnavailable:
            return  # nobody knows what lies there
        if oldest is not None:
            self._archive.forget_site_keys(oldest)

    def last_key_copy_gone_by(self, now: datetime) -> LastKeyCopy:
        """Return where copies of keys lie that are destroyed now, and when the last one goes.

        The next run replaces the bundle of each destination. Without a schedule nobody knows when.
        """
        others = [*self._local_keys(), *(one.shown for one in self.elsewhere())]
        return self._told_of(now, [one.shown for one in self.destinations()], others)

    def _told_of(self, now: datetime, regular: list[str], others: list[str]) -> LastKeyCopy:
        """Return when copies are replaced; nothing replaces `others` by itself."""
        gone_by = None
        if regular and not others and self.schedule() is not None and not self.is_paused():
            gone_by = self.next_time(now).astimezone(self._zone()).date()
        return LastKeyCopy(gone_by, (*regular, *others))

    def replace_bundles(self) -> LastKeyCopy:
        """Write all key bundles anew, delete local copies that hold keys; return what is left.

        An erasure calls it, so that the last copy of a key is gone at once where that is possible.
        A destination that cannot be reached is left to the next run.
        """
        now, others = self._clock.now(), list[str]()
        try:
            self._archive.delete_copies()
            self._archive.replace_local_bundle(now)
        except StorageUnavailable as error:
            log.warning("a copy with keys is still there: %s", error)
            others += self._local_keys()
        regular = self._not_replaced(self.destinations(), now)
        others += self._not_replaced(self.elsewhere(), now, only_where_one_is=True)
        return self._told_of(now, regular, others)

    def _not_replaced(
        self, places: Sequence[Destination], now: datetime, only_where_one_is: bool = False
    ) -> list[str]:
        """Write the bundles of these places anew; return where that was not possible.

        An empty folder may be a disk that is not plugged in: nothing is put into it.
        """
        left = []
        for one in places:
            try:
                wanted = not only_where_one_is or self._archive.has_bundle(one.url)
                if wanted and not self.is_paused():
                    self._archive.replace_bundle(one.url, self.site_id(), now)
                else:
                    left.append(one.shown)
            except RollbookError as error:
                log.warning("the key bundle at %s was not replaced: %s", one.shown, error)
                left.append(one.shown)
        return left

    def _local_keys(self) -> list[str]:
        """Return what holds keys of people on this machine, beside the database."""
        local = self._archive.local() if self._archive.has_local_bundle() else None
        return [*self._archive.copies_with_keys(), *([] if local is None else [local])]

    def next_time(self, after: datetime) -> datetime:
        """Return when the schedule is due again. Raises InvalidInput when there is none."""
        return self._scheduled(after, timedelta(days=1))

    def _scheduled(self, at: datetime, step: timedelta) -> datetime:
        """Return the nearest scheduled instant after this one, or before with a step back."""
        zone, wall = self._zone(), _time_of(self.schedule() or "")
        day = at.astimezone(zone).date()
        found = to_utc(day, wall, zone)
        fits = found > at if step > timedelta(0) else found <= at
        return found if fits else to_utc(day + step, wall, zone)

    def is_due(self, now: datetime) -> bool:
        """Return whether the schedule wants a backup now; what was slept through is caught up."""
        if self.schedule() is None or self.is_paused():
            return False
        wanted, runs = self._scheduled(now, timedelta(days=-1)), self.runs()
        return any(_wants(runs.get(one.destination_id), wanted, now) for one in self.destinations())

    def run_when_due(self, errand: Errand) -> None:
        """Let a task write the backups: it may take longer than due work is leased for."""
        wanted = self.is_due(errand.now)
        with self._open_uow() as uow:
            if wanted:
                begin_once(uow, KIND, "", BY_CLOCK, self._clock.now())
            errand.finish(uow)
            uow.commit()

    def start(self, user_id: str, by: str) -> Task:
        """Return the task that waits or runs, begun now when there is none."""
        with self._open_uow() as uow:
            task = begin_once(uow, KIND, user_id, by, self._clock.now())
            uow.commit()
        return task

    def latest(self) -> Task | None:
        """Return the newest task, whoever began it."""
        with self._open_uow() as uow:
            return newest(uow, KIND)

    def work(self, task: Task, control: TaskControl) -> None:
        """Write backups to every destination. Raises StorageUnavailable when one failed."""
        said = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal said
            if clocks.monotonic() - said > SAY:
                said = clocks.monotonic()
                control.save(done, total, {}, ())

        runs = self.back_up(task.by, progress)
        failed = [run.failure for run in runs if run.failure]
        control.save(1, 1, {"made": len(runs) - len(failed), "failed": len(failed)}, ())
        if failed:
            raise StorageUnavailable(" ".join(dict.fromkeys(failed)))

    def problems(self, now: datetime) -> list[Problem]:
        """Return what is not in order, most important first."""
        found, destinations, runs = [], self.destinations(), self.runs()
        if not destinations:
            found.append(Problem("none"))
        elif self.schedule() is None:
            found.append(Problem("no schedule"))
        if self.is_paused():
            found.append(Problem("paused"))
        for one in destinations:
            found += problems_of(one, runs.get(one.destination_id), now)
        if self._archive.copies_with_keys():
            found.append(Problem("copies"))
        return found

    def delete_copies(self, by: str) -> int:
        """Delete local copies that hold people's keys; return how many there were."""
        count = self._archive.delete_copies()
        if count:
            with self._open_uow() as uow:
                self._note_trust(uow, "copies deleted", by, {"count": count})
                uow.commit()
        return count

    def _destination(self, destination_id: str) -> Destination:
        for one in self.destinations():
            if one.destination_id == destination_id:
                return one
        raise NotFound("There is no such destination.")

    def _note_made(self, uow: UnitOfWork, made: Backup, by: str) -> None:
        body = {
            "file": made.name,
            "size": made.size,
            "rows": made.rows,
            "people": made.people,
            "entries": made.entries,
            "head": made.head,
            "site_key": made.key_id,
        }
        receipt = uow.receipts.add(Receipt(new_id(), ReceiptKind.BACKUP, self._clock.now(), body))
        told = {"receipt": receipt.receipt_id, "file": made.name, "entries": made.entries}
        self._note_trust(uow, "backup made", by, told)

    def _note_trust(self, uow: UnitOfWork, event: str, by: str, told: Mapping[str, object]) -> None:
        body = {"event": event, "at": self._clock.now().isoformat(), "by": by, **told}
        uow.register.append(NewEntry(EntryKind.TRUST, body))

    def _note_setting(self, uow: UnitOfWork, event: str, by: str, value: str) -> None:
        body = {"event": event, "at": self._clock.now().isoformat(), "by": by, "value": value}
        uow.register.append(NewEntry(EntryKind.SETTING, body))


def _wants(run: Run | None, wanted: datetime, now: datetime) -> bool:
    if run is None or run.at < wanted:
        return True
    return bool(run.failure) and now - run.at >= TRY_AGAIN


def _time_of(wall: str) -> time:
    try:
        return time.fromisoformat(wall.strip())
    except ValueError as error:
        raise InvalidInput("Write the time of day like 03:15.") from error


def _fields(run: Run, before: Run | None) -> dict[str, object]:
    well_at = run.well_at or (before.well_at if before else None)
    fields = {**asdict(run), "at": run.at.isoformat()}
    return {**fields, "well_at": well_at.isoformat() if well_at else None}


def _run(fields: Mapping[str, Any]) -> Run:
    well_at = fields["well_at"]
    instants = {
        "at": datetime.fromisoformat(fields["at"]),
        "well_at": datetime.fromisoformat(well_at) if well_at else None,
    }
    return Run(**{**fields, **instants})


def _mapping(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value or {})
