"""Parts about people."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.bootstrap.accounts import AccountParts
from rollbook.bootstrap.engines import build_calibrations

if TYPE_CHECKING:
    from rollbook.domain.faces import Pixels
    from rollbook.domain.identification import LookAlikes
    from rollbook.domain.subjects import Crop, Subject
    from rollbook.services.bulk_changes import BulkChanges
    from rollbook.services.consenting import Consenting
    from rollbook.services.encode import Encoder
    from rollbook.services.enrol import Enroller
    from rollbook.services.enrol_folder import FolderEnroller
    from rollbook.services.importing import Importer
    from rollbook.services.look_alike_book import LookAlikeBook
    from rollbook.services.people import People
    from rollbook.services.people_import import PeopleImport
    from rollbook.services.people_index import PeopleIndex
    from rollbook.services.samples import Sampler
    from rollbook.storage.work_files import WorkFiles


class PeopleParts(AccountParts):
    """People: known by name, enrolled, imported, changed in bulk."""

    @cached_property
    def people(self) -> People:
        from rollbook.services.people import People

        return People(self.uow, self.clock, self.today, namesakes=self._known_by_name)

    def _known_by_name(self, name: str) -> list[Subject] | None:
        """Return who has this name, where this process has opened the names already."""
        if "people_index" not in self.__dict__:
            return None
        return self.people_index.namesakes(name)

    @cached_property
    def people_index(self) -> PeopleIndex:
        from rollbook.services.people_index import PeopleIndex

        return PeopleIndex(self.uow, self.clock, self.today)

    @cached_property
    def bulk_changes(self) -> BulkChanges:
        from rollbook.services.bulk_changes import BulkChanges

        return BulkChanges(self.uow, self.clock)

    @cached_property
    def look_alike_book(self) -> LookAlikeBook:
        from rollbook.services.look_alike_book import LookAlikeBook

        return LookAlikeBook(
            self.uow, self.clock, lambda: self.engines.run(lambda app: app.compare_everybody())
        )

    def compare_everybody(self) -> LookAlikes:
        """Return who of those who agreed looks like whom; nobody where faces are switched off."""
        from rollbook.services.galleries import who_agreed
        from rollbook.services.site import faces_enabled

        with self.uow() as uow:
            if not faces_enabled(uow):
                return frozenset()
            space = self.engine.space
            agreed = who_agreed(uow, None, self.clock.now())
            owners, rows = uow.references.templates(space, agreed)
        return self._look_alikes(owners, rows, space)

    @cached_property
    def work_files(self) -> WorkFiles:
        """Uploaded files that wait to be worked on."""
        from rollbook.storage.work_files import WorkFiles

        return WorkFiles(self.settings.home / "work")

    @cached_property
    def people_import(self) -> PeopleImport:
        from rollbook.services.people_import import PeopleImport
        from rollbook.vision.images import PICTURE_SUFFIXES

        return PeopleImport(
            self.uow,
            self.clock,
            self.work_files,
            self._import_enroller,
            self.read_portrait,
            self.today,
            PICTURE_SUFFIXES,
        )

    def _import_enroller(self, check: Callable[[], None]) -> Enroller:
        """Return an enroller that asks the engines' threads for one picture after the other."""
        from rollbook.domain.enrolment import levels_of
        from rollbook.services.enrol import Enroller
        from rollbook.services.pooled import PooledSampler

        sampler = PooledSampler(lambda work: self.engines.run(lambda app: work(app.sampler)), check)
        space = sampler.space
        calibrations = build_calibrations(self.settings, space)
        levels = partial(levels_of, calibrations, space, self.settings.target_fpir)
        return Enroller(self.uow, self.clock, sampler, levels, self.today)

    @staticmethod
    def luma_of(crop: Crop) -> float:
        """Return the mean luma of a crop, 0..255."""
        from rollbook.vision.crops import luma_of

        return luma_of(crop)

    @cached_property
    def consenting(self) -> Consenting:
        from rollbook.services.consenting import Consenting

        return Consenting(self.uow, self.clock)

    @cached_property
    def sampler(self) -> Sampler:
        from rollbook.services.samples import Sampler
        from rollbook.vision.crops import cut_crop
        from rollbook.vision.quality import LandmarkQualityMeter

        crops = cut_crop if self.settings.keep_crops else None
        return Sampler(self.engine, LandmarkQualityMeter(), crops)

    @cached_property
    def enroller(self) -> Enroller:
        from rollbook.services.enrol import Enroller

        return Enroller(self.uow, self.clock, self.sampler, self.enrolment_levels, self.today)

    @cached_property
    def folder_enroller(self) -> FolderEnroller:
        from rollbook.services.enrol_folder import FolderEnroller
        from rollbook.vision.images import PICTURE_SUFFIXES

        return FolderEnroller(
            self.uow, self.clock, self.enroller, self.read_portrait, PICTURE_SUFFIXES
        )

    @cached_property
    def importer(self) -> Importer:
        from rollbook.services.importing import Importer

        return Importer(self.uow, self.clock, lambda: self.enroller, self.read_portrait, self.today)

    @cached_property
    def encoder(self) -> Encoder:
        from rollbook.services.encode import Encoder
        from rollbook.vision.crops import open_crop

        return Encoder(self.uow, self.clock, self.engine, open_crop)

    @staticmethod
    def read_portrait(path: Path | bytes) -> Pixels:
        """Return a picture of one person, reduced where it is far larger than helps."""
        from rollbook.services.samples import ENOUGH
        from rollbook.vision.images import read_image

        return read_image(path, enough=ENOUGH)
