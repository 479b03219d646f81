"""Parts about the server's cameras."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from rollbook.bootstrap.engines import recogniser_parts
from rollbook.bootstrap.kiosks import KioskParts
from rollbook.domain.attendance import SessionState
from rollbook.domain.tallies import WATCHED
from rollbook.errors import CameraUnavailable, NotFound, SessionClosed

if TYPE_CHECKING:
    from rollbook.domain.attendance import Direction, Session
    from rollbook.domain.camera_ports import SiteCamera
    from rollbook.domain.faces import Frame
    from rollbook.domain.identification import Unidentified
    from rollbook.network.certificates import Authority
    from rollbook.services.camera_test import CameraTester
    from rollbook.services.camera_watch import CameraWatch
    from rollbook.services.cameras import CameraKeeper
    from rollbook.services.galleries import SessionGallery
    from rollbook.services.recognise import FrameResult
    from rollbook.services.watch import Watch, WatchSummary
    from rollbook.services.watch_events import WatchEvent
    from rollbook.vision.addresses import SourceAddress

CAMERA_THREADS = 1  # of a camera's networks; it must not hold up who stands before a kiosk


class CameraParts(KioskParts):
    """Cameras of the server, and what devices on the network trust."""

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
        counted_as: str = WATCHED,
    ) -> Watch:
        """Return a watch of one camera for a session, ready to run.

        `start` is the instant of a clip's first frame, which is read in full with `every_frame`.
        Marks call the camera by its id, unless it is `called` something else. Refusals are
        `counted_as` those of a camera of the site, or of none: an id may be a file's name.

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
            count=partial(self.tallies.add, session.business_date, counted_as),
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
            counted_as=camera.camera_id,
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

    def _newer_gallery(self, session: Session, known: SessionGallery) -> SessionGallery | None:
        """Return the session's gallery when the known one does not hold any more.

        Raises:
            SessionClosed: somebody closed the session.
        """
        with self.uow() as uow:
            if uow.sessions.get(session.session_id).state is not SessionState.OPEN:
                raise SessionClosed("The session was closed.")
        return self.galleries.newer(session, known)
