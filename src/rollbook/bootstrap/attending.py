"""Parts about sessions at work."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.bootstrap.engines import recogniser_parts
from rollbook.bootstrap.planning import PlanningParts

if TYPE_CHECKING:
    from rollbook.domain.attendance import Session
    from rollbook.domain.files import FileSealer
    from rollbook.services.audit import Audit
    from rollbook.services.board import Boards
    from rollbook.services.corrections import Corrections
    from rollbook.services.export import Exporter
    from rollbook.services.export_jobs import ExportDesk
    from rollbook.services.own_record import OwnRecords
    from rollbook.services.pending_photos import PhotoShelf, ShownPhoto
    from rollbook.services.photo import PhotoResult, PhotoTaker
    from rollbook.services.photo_marks import PhotoMarks
    from rollbook.services.register import RegisterKeeper
    from rollbook.services.register_check import RegisterCheck
    from rollbook.services.report_plans import ReportPlans
    from rollbook.services.requests import RequestDesk
    from rollbook.services.reviewing import Reviewing


class AttendingParts(PlanningParts):
    """Sessions at work: marks, photographs, requests, and what is read of them."""

    @cached_property
    def register(self) -> RegisterKeeper:
        from rollbook.services.register import RegisterKeeper

        return RegisterKeeper(self.uow, self.clock)

    @cached_property
    def corrections(self) -> Corrections:
        from rollbook.services.corrections import Corrections

        return Corrections(self.uow, self.clock)

    @cached_property
    def reviewing(self) -> Reviewing:
        from rollbook.services.reviewing import Reviewing

        return Reviewing(self.uow, self.clock)

    @cached_property
    def request_desk(self) -> RequestDesk:
        from rollbook.services.requests import RequestDesk

        return RequestDesk(self.uow, self.clock)

    @cached_property
    def own_records(self) -> OwnRecords:
        from rollbook.services.own_record import OwnRecords

        return OwnRecords(self.uow, self.clock)

    @cached_property
    def boards(self) -> Boards:
        from rollbook.services.board import Boards

        return Boards(self.uow, self.clock)

    @cached_property
    def photo_marks(self) -> PhotoMarks:
        from rollbook.services.photo_marks import PhotoMarks

        return PhotoMarks(self.uow, self.clock)

    @cached_property
    def photo_shelf(self) -> PhotoShelf:
        from rollbook.services.pending_photos import PhotoShelf

        return PhotoShelf(self.clock)

    def look_at_photos(
        self, session: Session, files: Sequence[bytes]
    ) -> tuple[PhotoResult, list[ShownPhoto]]:
        """Return who is on these photographs, and each made small for a screen.

        Raises:
            UnreadableImage: one is not a picture that can be opened.
        """
        from rollbook.services.pending_photos import ShownPhoto
        from rollbook.vision.images import read_image
        from rollbook.vision.preview import to_jpeg

        pictures = [read_image(file) for file in files]
        shown = [
            ShownPhoto(to_jpeg(p, max_side=1600, quality=82), p.shape[1], p.shape[0])
            for p in pictures
        ]
        return self.photo_taker.propose(session, pictures), shown

    @cached_property
    def photo_taker(self) -> PhotoTaker:
        from rollbook.services.photo import PhotoTaker

        judged = recogniser_parts(self.engine).judge
        return PhotoTaker(
            self.uow,
            self.clock,
            self.galleries.for_session,
            self.engine.detect,
            self.engine.embed,
            lambda pixels, face: judged(pixels, face).refusals,
            self.register.sight,
            self.tallies.add,
        )

    @cached_property
    def audit(self) -> Audit:
        from rollbook.services.audit import Audit

        return Audit(self.uow)

    @cached_property
    def register_check(self) -> RegisterCheck:
        from rollbook.services.register_check import RegisterCheck

        return RegisterCheck(self.uow, self.clock)

    @cached_property
    def export_desk(self) -> ExportDesk:
        from rollbook.services.export_jobs import ExportDesk

        return ExportDesk(self.uow, self.clock, lambda: self.exporter, self.work_files)

    @cached_property
    def report_plans(self) -> ReportPlans:
        """Reports that come by themselves."""
        from rollbook.services.report_plans import ReportPlans

        return ReportPlans(self.uow, self.clock, self.today, self.export_desk)

    @property
    def exporter(self) -> Exporter:
        from rollbook.reports.formats import RENDERERS
        from rollbook.services.export import Exporter

        return Exporter(self.uow, self.clock, self.zone, RENDERERS, self.file_sealer)

    @cached_property
    def file_sealer(self) -> FileSealer:
        """Seals files for recipients who know a passphrase."""
        from rollbook.storage.passphrase_files import PassphraseSealer

        return PassphraseSealer()
