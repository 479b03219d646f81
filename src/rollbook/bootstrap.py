"""The composition root: the only module that picks real parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from rollbook.domain.attendance import Direction, Session, SessionState
from rollbook.domain.faces import Frame, Pixels
from rollbook.domain.ports import UnitOfWork
from rollbook.errors import CameraUnavailable, NotFound, SessionClosed
from rollbook.settings import Settings, load_settings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from rollbook.domain.camera_ports import SiteCamera
    from rollbook.domain.enrolment import EnrolmentLevels
    from rollbook.domain.identification import (
        Calibration,
        LookAlikes,
        ProbeKind,
        Unidentified,
    )
    from rollbook.domain.passwords import PasswordHasher
    from rollbook.domain.subjects import Crop, Subject
    from rollbook.domain.templates import TemplateSpace
    from rollbook.network.certificates import Authority
    from rollbook.services.absences import Absences
    from rollbook.services.accounts import Accounts
    from rollbook.services.audit import Audit
    from rollbook.services.board import Boards
    from rollbook.services.bulk_changes import BulkChanges
    from rollbook.services.calendar_import import CalendarImport
    from rollbook.services.calendars import Calendars
    from rollbook.services.camera_test import CameraTester
    from rollbook.services.camera_watch import CameraWatch
    from rollbook.services.cameras import CameraKeeper
    from rollbook.services.consenting import Consenting
    from rollbook.services.corrections import Corrections
    from rollbook.services.devices import DeviceKeeper
    from rollbook.services.due import DueRunner
    from rollbook.services.encode import Encoder
    from rollbook.services.engine_pool import EnginePool, Urgency
    from rollbook.services.enrol import Enroller
    from rollbook.services.enrol_folder import FolderEnroller
    from rollbook.services.export import Exporter
    from rollbook.services.export_jobs import ExportDesk
    from rollbook.services.galleries import Galleries, SessionGallery
    from rollbook.services.groups import Groups
    from rollbook.services.importing import Importer
    from rollbook.services.kiosk import KioskDesk
    from rollbook.services.kiosk_greeting import KioskGreeting
    from rollbook.services.kiosk_live import KioskTools
    from rollbook.services.look_alike_book import LookAlikeBook
    from rollbook.services.own_account import OwnAccount
    from rollbook.services.own_codes import CodeKeeper
    from rollbook.services.own_record import OwnRecords
    from rollbook.services.passkeys import PasskeyKeeper
    from rollbook.services.pending_photos import PhotoShelf, ShownPhoto
    from rollbook.services.people import People
    from rollbook.services.people_import import PeopleImport
    from rollbook.services.people_index import PeopleIndex
    from rollbook.services.photo import PhotoResult, PhotoTaker
    from rollbook.services.photo_marks import PhotoMarks
    from rollbook.services.pins import PinKeeper
    from rollbook.services.recognise import FrameResult, RecogniserParts
    from rollbook.services.register import RegisterKeeper
    from rollbook.services.register_check import RegisterCheck
    from rollbook.services.requests import RequestDesk
    from rollbook.services.reviewing import Reviewing
    from rollbook.services.samples import Sampler
    from rollbook.services.second_factor import SecondFactor
    from rollbook.services.session_life import SessionLife
    from rollbook.services.setup import Setup
    from rollbook.services.sign_in import SignIn
    from rollbook.services.site import Site
    from rollbook.services.tasks import TaskRunner
    from rollbook.services.timetable import Timetable
    from rollbook.services.tokens import Tokens
    from rollbook.services.watch import Watch, WatchSummary
    from rollbook.services.watch_events import WatchEvent
    from rollbook.storage.database import Database
    from rollbook.storage.work_files import WorkFiles
    from rollbook.vision.addresses import SourceAddress
    from rollbook.vision.engine import Engine

Result = TypeVar("Result")
FULL_SEARCH_SIDE = 1280  # pixels; a frame is searched at most at this size
CAMERA_THREADS = 1  # of a camera's networks; it must not hold up who stands before a kiosk
QUICK_SEARCH_SIDE = 320  # between full searches, to follow faces
KIOSK_SEARCH_SIDE = 320  # who stands before a kiosk is near; landmarks are found again anyway


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class App:
    """The parts of one installation; each is made when it is first used."""

    settings: Settings
    clock: SystemClock
    database: Database
    given_engine: Engine | None = None  # shared by all threads, in place of their own

    def uow(self) -> UnitOfWork:
        """Start a transaction."""
        return self.database.uow()

    @cached_property
    def engine(self) -> Engine:
        return self.given_engine or build_engine(self.settings)

    @cached_property
    def engines(self) -> EnginePool[App]:
        """Threads for work that needs the networks; each has an App with an engine of its own."""
        from rollbook.services.engine_pool import EnginePool

        workers, threads = engine_threads(self.settings.threads)
        return EnginePool(partial(self.for_thread, threads), workers)

    def for_thread(self, threads: int | None = None) -> App:
        """Return the same installation with networks of its own, for one thread.

        `threads` is how many of the machine's its networks use; None: as the settings say.
        """
        settings = self.settings
        if threads is not None:
            settings = settings.model_copy(update={"threads": threads})
        return App(settings, self.clock, self.database, self.given_engine)

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone; until one is set, that of this machine."""
        with self.uow() as uow:
            name = uow.site.get("time_zone")
        return ZoneInfo(str(name)) if name else local_zone()

    @cached_property
    def calibrations(self) -> dict[ProbeKind, Calibration]:
        return build_calibrations(self.settings, self.engine.space)

    @cached_property
    def galleries(self) -> Galleries:
        from rollbook.services.galleries import Galleries

        return Galleries(
            self.uow,
            self.clock,
            self.engine.space,
            self.calibrations,
            self.settings.target_fpir,
            self._look_alikes,
        )

    @cached_property
    def hasher(self) -> PasswordHasher:
        from rollbook.storage.passwords import ArgonHasher

        return ArgonHasher()

    @cached_property
    def sign_in(self) -> SignIn:
        from rollbook.services.sign_in import SignIn

        return SignIn(self.uow, self.clock, self.hasher)

    @cached_property
    def accounts(self) -> Accounts:
        from rollbook.services.accounts import Accounts

        return Accounts(self.uow, self.clock, self.hasher)

    @cached_property
    def own_account(self) -> OwnAccount:
        from rollbook.services.own_account import OwnAccount

        return OwnAccount(self.uow, self.clock, self.hasher)

    @cached_property
    def second_factor(self) -> SecondFactor:
        from rollbook.services.second_factor import SecondFactor
        from rollbook.storage.one_time import AuthenticatorCodes

        return SecondFactor(self.uow, self.clock, AuthenticatorCodes())

    @cached_property
    def passkeys(self) -> PasskeyKeeper:
        from rollbook.services.passkeys import PasskeyKeeper

        return PasskeyKeeper(self.uow, self.clock)

    @cached_property
    def setup(self) -> Setup:
        from rollbook.services.setup import Setup

        return Setup(self.uow, self.clock, self.hasher)

    @cached_property
    def site(self) -> Site:
        from rollbook.services.site import Site

        return Site(self.uow, self.clock)

    def today(self) -> date:
        """Return the site's local date."""
        return self.clock.now().astimezone(self.zone).date()

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

        return LookAlikeBook(self.uow, lambda: self.engines.run(App.compare_everybody))

    def compare_everybody(self) -> LookAlikes:
        """Return who of those who agreed looks like whom."""
        from rollbook.services.galleries import who_agreed

        space = self.engine.space
        with self.uow() as uow:
            agreed = who_agreed(uow, None, self.clock.now())
            owners, rows = uow.references.templates(space)
        known = [place for place, owner in enumerate(owners) if owner in agreed]
        return self._look_alikes([owners[place] for place in known], rows[known], space)

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

    @cached_property
    def tasks(self) -> TaskRunner:
        """Long work that goes on while its page is closed."""
        from rollbook.services import export_jobs, register_check
        from rollbook.services.people_import import KIND
        from rollbook.services.tasks import TaskRunner

        jobs = {
            KIND: lambda task, control: self.people_import.work(task, control),
            register_check.KIND: lambda task, control: self.register_check.work(task, control),
            export_jobs.KIND: lambda task, control: self.export_desk.work(task, control),
        }
        return TaskRunner(self.uow, self.clock, jobs, self.people_import.tidy)

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

    def enrolment_levels(self, people: int) -> EnrolmentLevels:
        """Return the scores that mean "the same person" at a site with so many people."""
        from rollbook.domain.enrolment import levels_of

        return levels_of(self.calibrations, self.engine.space, self.settings.target_fpir, people)

    def _look_alikes(
        self, owners: list[str], rows: npt.NDArray[np.float32], space: TemplateSpace
    ) -> LookAlikes:
        from rollbook.services.lookalikes import look_alikes

        return look_alikes(owners, rows, self.enrolment_levels(len(set(owners))).look_alike)

    @cached_property
    def register(self) -> RegisterKeeper:
        from rollbook.services.register import RegisterKeeper

        return RegisterKeeper(self.uow, self.clock)

    @cached_property
    def devices(self) -> DeviceKeeper:
        from rollbook.services.devices import DeviceKeeper

        return DeviceKeeper(self.uow, self.clock)

    @cached_property
    def pins(self) -> PinKeeper:
        from rollbook.services.pins import PinKeeper
        from rollbook.storage.hashing import ArgonPins

        return PinKeeper(self.uow, self.clock, ArgonPins())

    @cached_property
    def own_codes(self) -> CodeKeeper:
        from rollbook.services.own_codes import CodeKeeper

        return CodeKeeper(self.uow, self.clock)

    @cached_property
    def kiosk_greeting(self) -> KioskGreeting:
        from rollbook.services.kiosk_greeting import KioskGreeting

        return KioskGreeting(self.uow, self.clock)

    @cached_property
    def kiosk_desk(self) -> KioskDesk:
        """Answers kiosks; the networks that it uses are those of `engines`."""
        from rollbook.services.kiosk import KioskDesk
        from rollbook.services.kiosk_marks import KioskMarks
        from rollbook.services.kiosk_sessions import KioskSessions

        marks = KioskMarks(
            self.uow,
            self.clock,
            self.register.sight,
            self.own_codes,
            self.pins,
            self.kiosk_greeting.of,
        )
        sessions = KioskSessions(self.uow, self.clock, self.today)
        return KioskDesk(
            self.uow,
            self.clock,
            sessions,
            marks,
            self.own_codes,
            self.run_for_kiosk,
            self.reviewing.leave,
        )

    def run_for_kiosk(self, work: Callable[[KioskTools], Result], *, urgency: Urgency) -> Result:
        """Run work with the networks of a free thread; raises Busy when there is none."""
        return self.engines.run(lambda app: work(app.kiosk_tools), urgency=urgency)

    @cached_property
    def kiosk_tools(self) -> KioskTools:
        """What this thread's networks do for kiosks."""
        from rollbook.services.kiosk_live import KioskTools
        from rollbook.vision.frames import read_frame
        from rollbook.vision.qr import CodeReader
        from rollbook.vision.tracker import FaceFollower

        return KioskTools(
            detect=partial(self.engine.detect_within, max_side=KIOSK_SEARCH_SIDE),
            embed=self.engine.embed,
            judge=recogniser_parts(self.engine).judge,
            new_tracker=FaceFollower,
            galleries=self.galleries,
            read_frame=read_frame,
            read_code=CodeReader(),
        )

    @cached_property
    def timetable(self) -> Timetable:
        from rollbook.services.timetable import Timetable

        return Timetable(self.uow, self.clock, lambda: self.zone)

    @cached_property
    def calendars(self) -> Calendars:
        from rollbook.services.calendars import Calendars

        return Calendars(self.uow, self.clock, self.timetable.plan_anew)

    @cached_property
    def calendar_import(self) -> CalendarImport:
        from rollbook.services.calendar_import import CalendarImport

        return CalendarImport(self.uow, self.clock, self.timetable)

    @cached_property
    def session_life(self) -> SessionLife:
        from rollbook.services.session_life import SessionLife

        return SessionLife(self.uow, self.clock)

    @cached_property
    def absences(self) -> Absences:
        from rollbook.services.absences import Absences

        return Absences(self.uow, self.clock)

    @cached_property
    def groups(self) -> Groups:
        from rollbook.services.groups import Groups

        return Groups(self.uow, self.clock, self.today)

    @cached_property
    def due(self) -> DueRunner:
        """Does what is due; `rollbook up` lets a clock ask it every few seconds."""
        from rollbook.services.due import DueRunner
        from rollbook.services.due_jobs import jobs_of

        return DueRunner(self.uow, self.clock, jobs_of(self))

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
    def tokens(self) -> Tokens:
        from rollbook.services.tokens import Tokens

        return Tokens(self.uow, self.clock)

    @property
    def exporter(self) -> Exporter:
        from rollbook.reports.formats import RENDERERS
        from rollbook.services.export import Exporter

        return Exporter(self.uow, self.clock, self.zone, RENDERERS)

    def watch(
        self,
        session: Session,
        source: SourceAddress,
        *,
        camera_id: str,
        start: datetime,
        direction: Direction,
        every_frame: bool = False,
        tell: Callable[[WatchEvent], None] | None = None,
        show: Callable[[Frame, FrameResult], None] | None = None,
        called: str | None = None,
    ) -> Watch:
        """Return a watch of one camera for a session, ready to run.

        `start` is the instant of a clip's first frame, which is read in full with `every_frame`.
        Marks call the camera by its id, unless it is `called` something else.

        Raises:
            ModelUnavailable: the embedder has no calibration, so nobody may be named.
        """
        from rollbook.services.mark_writer import Post
        from rollbook.services.recognise import Recogniser, RecogniserRules
        from rollbook.services.watch import Watch, renewal
        from rollbook.vision.sources import open_source

        known = self.galleries.for_session(session)
        rules = RecogniserRules(renew_after=renewal(session))
        recogniser = Recogniser(recogniser_parts(self.engine), known, rules)
        camera = open_source(source, camera_id=camera_id, start=start, every_frame=every_frame)
        return Watch(
            camera,
            recogniser,
            self.register.sight,
            Post(session, called or camera_id, direction),
            self.clock,
            newer_gallery=partial(self._newer_gallery, session),
            tell=tell or (lambda event: None),
            show=show or (lambda frame, result: None),
            leave=partial(self._leave_for_review, session.session_id, called or camera_id),
        )

    def _leave_for_review(
        self, session_id: str, camera_id: str, unknown: Unidentified, at: datetime, level: float
    ) -> None:
        self.reviewing.leave(session_id, unknown, at, level, camera_id)

    @cached_property
    def cameras(self) -> CameraKeeper:
        from rollbook.services.cameras import CameraKeeper
        from rollbook.vision.addresses import parse_camera

        return CameraKeeper(self.uow, self.clock, lambda source: parse_camera(source).shown)

    @cached_property
    def camera_watch(self) -> CameraWatch:
        """The supervisor of the site's cameras; `rollbook up` starts it."""
        from rollbook.services.camera_watch import CameraWatch

        return CameraWatch(self.uow, self.clock, self.run_camera)

    def run_camera(
        self,
        camera: SiteCamera,
        session: Session,
        *,
        tell: Callable[[WatchEvent], None],
        show: Callable[[Frame, FrameResult], None],
        stop: Callable[[], bool],
    ) -> WatchSummary:
        """Watch a camera for a session until `stop`, in this thread with its own networks."""
        from rollbook.vision.addresses import parse_source

        watching = self.for_thread(CAMERA_THREADS).watch(
            session,
            parse_source(camera.source),
            camera_id=camera.camera_id,
            called=camera.name,
            start=self.clock.now(),
            direction=camera.direction,
            tell=tell,
            show=show,
        )
        return watching.run(stop)

    def look_through(self, camera: SiteCamera) -> bytes:
        """Return one picture of a camera as a JPEG; of one that runs, the newest.

        Raises:
            CameraUnavailable: it gave no picture in time.
        """
        from rollbook.services.camera_worker import first_picture
        from rollbook.vision.addresses import parse_source
        from rollbook.vision.preview import to_jpeg
        from rollbook.vision.sources import open_source

        if self.camera_watch.runs(camera.camera_id):
            pixels = self.camera_watch.picture(camera.camera_id)
        else:
            address = parse_source(camera.source)
            pixels = first_picture(
                open_source(address, camera_id=camera.camera_id, start=self.clock.now())
            )
        if pixels is None:
            raise CameraUnavailable("The camera has not given a picture yet. Try again in a while.")
        return to_jpeg(pixels)

    @property
    def authority(self) -> Authority | None:
        """The site's own certificate authority, if `rollbook up --lan` made one."""
        from rollbook.network.certificates import existing_authority

        return existing_authority(self.settings.keys_dir)

    def trust_profile(self) -> bytes:
        """Return the authority as a profile for iPad and iPhone.

        Raises:
            NotFound: there is no authority.
        """
        from rollbook.network.profile import mobile_profile

        if self.authority is None:
            raise NotFound("This site has no authority of its own.")
        with self.uow() as uow:
            return mobile_profile(self.authority, str(uow.site.get("site_name") or ""))

    @cached_property
    def camera_tester(self) -> CameraTester:
        from rollbook.services.camera_test import CameraTester
        from rollbook.vision.images import read_image
        from rollbook.vision.quality import LandmarkQualityMeter

        return CameraTester(read_image, self.engine.detect, LandmarkQualityMeter())

    def _newer_gallery(self, session: Session, version: int) -> SessionGallery | None:
        """Return the session's gallery when it may have changed since this version.

        Raises:
            SessionClosed: somebody closed the session.
        """
        with self.uow() as uow:
            if uow.sessions.get(session.session_id).state is not SessionState.OPEN:
                raise SessionClosed("The session was closed.")
            if uow.gallery_version() == version:
                return None
        return self.galleries.for_session(session)


def recogniser_parts(engine: Engine) -> RecogniserParts:
    """Return what a recogniser of one camera uses."""
    from rollbook.domain.quality import PROBE_RULES, judge
    from rollbook.services.recognise import RecogniserParts
    from rollbook.vision.quality import LandmarkQualityMeter
    from rollbook.vision.tracker import FaceFollower

    meter = LandmarkQualityMeter()
    return RecogniserParts(
        detect=partial(engine.detect_within, max_side=FULL_SEARCH_SIDE),
        embed=engine.embed,
        judge=lambda pixels, face: judge(meter.measure(pixels, face), PROBE_RULES),
        tracker=FaceFollower(),
        detect_quickly=partial(engine.detect_within, max_side=QUICK_SEARCH_SIDE),
    )


def build(settings: Settings, *, create: bool = False, engine: Engine | None = None) -> App:
    """Return the parts of the installation in `settings.home`, with this engine if one is given.

    Raises:
        NotFound: there is no installation, and `create` is false.
        StorageUnavailable: the home cannot be written.
        NewerDatabase: a later version of Rollbook wrote the database.
        DecryptionFailed: the key in `keys/` is not the one that the database was made with.
    """
    from rollbook.storage.database import Database

    database = Database.open(
        settings.resolved_database_url, keys_dir=settings.keys_dir, create=create
    )
    return App(settings, SystemClock(), database, engine)


def local_zone() -> ZoneInfo:
    """Return this machine's time zone; UTC where it cannot be told."""
    import tzlocal

    zone = tzlocal.get_localzone()
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")


def engine_threads(threads: int | None, cores: int | None = None) -> tuple[int, int]:
    """Return how many engines work at once, and how many threads the networks of each use.

    Two faces at once take less time on two engines of one thread than one after the other.

    >>> engine_threads(None, cores=2), engine_threads(None, cores=8), engine_threads(3, cores=8)
    ((2, 1), (4, 2), (2, 3))
    """
    there = cores or os.cpu_count() or 1
    if threads is not None:
        return max(2, min(4, there // threads)), threads
    workers = max(2, min(4, there))
    return workers, max(1, there // workers)


def build_calibrations(settings: Settings, space: TemplateSpace) -> dict[ProbeKind, Calibration]:
    """Return the calibrations of this space, the site's own before those that ship.

    Raises:
        ModelUnavailable: a calibration is there and cannot be read.
    """
    from rollbook.vision.calibration import load_calibrations

    return load_calibrations(space, settings.models_dir)


def build_engine(settings: Settings, models_dir: Path | None = None) -> Engine:
    """Return detector, alignment and embedder as the settings name them."""
    from rollbook.vision.engine import Engine
    from rollbook.vision.registry import load_backend

    cache = models_dir or settings.models_dir
    detector = load_backend("detectors", settings.detector)(cache, threads=settings.threads)
    if settings.user_model is not None:
        from rollbook.vision.user_model import UserEmbedder

        own = UserEmbedder(settings.user_model, cache, threads=settings.threads)
        return Engine(detector, own)
    embedder = load_backend("embedders", settings.embedder)(cache, threads=settings.threads)
    return Engine(detector, embedder)


def open_engine(models_dir: Path | None = None) -> Engine:
    """Return the default engine without an installation; `models_dir` caches prepared files."""
    return build_engine(load_settings(), models_dir)
