"""What of a person may lie outside the rows: the log of changes, work files, other files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from rollbook.domain.erasing import ErasedPerson, Scan, Wanted
from rollbook.errors import NotFound
from rollbook.storage.erasures import Erased, ErasureList
from rollbook.storage.scanning import scan_for_all
from rollbook.storage.work_files import WorkFiles

PATIENCE = 2.0  # seconds that readers of the log are waited for
NETWORKS = "models"  # holds networks alone, and is large
EXPORTS, WORK = "exports", "work"


class HomeRemains:
    """The files of a home."""

    def __init__(self, home: Path, database: Path | None, work_files: WorkFiles) -> None:
        """`database` is None where a server keeps it."""
        self._home = home
        self._database = database
        self._work_files = work_files

    def empty_log(self) -> bool | None:
        if self._database is None:
            return None
        with closing(sqlite3.connect(self._database, timeout=PATIENCE)) as connection:
            (busy, _pages, _done) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy and not _size(self._database.with_name(f"{self._database.name}-wal"))

    def delete(self, files: Iterable[str]) -> int:
        before = self.waiting_uploads()
        for name in files:
            try:
                self._work_files.delete(name)
            except NotFound:
                continue  # the name is none of ours
        return before - self.waiting_uploads()

    def scan(self, wanted: Sequence[Wanted]) -> list[Scan]:
        return scan_for_all(self._files(), wanted)

    def exports(self) -> int:
        return sum(1 for _ in _all_files(self._home / EXPORTS))

    def exports_with(self, wanted: Sequence[Wanted]) -> list[int]:
        words = [Wanted(one.words) for one in wanted]
        found = scan_for_all(_all_files(self._home / EXPORTS), words)
        return [len(one.found) for one in found]

    def waiting_uploads(self) -> int:
        return sum(1 for file in _all_files(self._home / WORK) if file.suffix == ".sealed")

    def _files(self) -> Iterator[Path]:
        passed_over = {self._home / NETWORKS, self._home / EXPORTS}
        for file in _all_files(self._home):
            if passed_over.isdisjoint(file.parents):
                yield file
        if self._database is not None and self._home not in self._database.parents:
            for suffix in ("", "-wal", "-shm"):
                beside = self._database.with_name(f"{self._database.name}{suffix}")
                if beside.is_file():
                    yield beside


class ListOfErased:
    """The signed list, as services see it."""

    def __init__(self, erasures: ErasureList) -> None:
        self._erasures = erasures

    def put(self, people: Sequence[ErasedPerson]) -> None:
        self._erasures.append([Erased(one.subject_id, one.at, one.receipt_id) for one in people])

    def ids(self) -> frozenset[str]:
        return self._erasures.erased_ids()


def _all_files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
