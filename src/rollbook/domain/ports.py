"""Every interface that adapters implement and services use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from rollbook.domain.accounts import Replies, StaffList, Throttles, Users, WebSessions
from rollbook.domain.attacks import AttackAssessment as AttackAssessment
from rollbook.domain.attendance import Session, SessionState
from rollbook.domain.camera_ports import Cameras
from rollbook.domain.cameras import CameraHealth
from rollbook.domain.documents import Documents
from rollbook.domain.erasing import PersonRows
from rollbook.domain.faces import Alignment, DetectedFace, Frame, Pixels, QualityMeasures
from rollbook.domain.facts import Blocks
from rollbook.domain.kiosk_ports import Credentials, Devices
from rollbook.domain.messages import MessageQueue, RecipientList
from rollbook.domain.passkeys import Passkeys
from rollbook.domain.receipts import Receipts
from rollbook.domain.register import Entry, NewEntry, Verification
from rollbook.domain.request_ports import Requests
from rollbook.domain.row_digests import ComparedRows
from rollbook.domain.subjects import Consent, Group, Membership, Reference, Subject
from rollbook.domain.tallies import TallyBook
from rollbook.domain.task_ports import Tasks
from rollbook.domain.templates import TemplateSpace
from rollbook.domain.timetable_ports import AbsenceList, DueWork, SeriesList
from rollbook.domain.token_ports import ApiTokens
from rollbook.domain.tracking import TrackUpdate
from rollbook.domain.witness import Standing

Progress = Callable[[int, int], None]
"""Called with (done, total) while long work goes on."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present instant, UTC and timezone-aware."""
        ...


class FaceDetector(Protocol):
    """Finds faces."""

    def detect(self, pixels: Pixels) -> list[DetectedFace]:
        """Return the faces, best score first; an empty list for none."""
        ...


@runtime_checkable
class LandmarkRefiner(Protocol):
    """A detector that can place landmarks better where a face is to be embedded."""

    def refine(self, pixels: Pixels, faces: Sequence[DetectedFace]) -> list[DetectedFace]:
        """Return the same faces, in order, with steadier landmarks."""
        ...


class FaceEmbedder(Protocol):
    """Turns upright crops into templates of one space."""

    @property
    def space(self) -> TemplateSpace: ...

    @property
    def alignment(self) -> Alignment: ...

    def embed(self, crops: Pixels) -> npt.NDArray[np.float32]:
        """Return unit rows (n, d) for uint8 BGR crops (n, s, s, 3); (0, d) for none."""
        ...


class QualityMeter(Protocol):
    """Measures how usable a face is; `domain.quality` decides what is good enough."""

    def measure(self, pixels: Pixels, face: DetectedFace) -> QualityMeasures: ...


class AttackDetector(Protocol):
    """Tells a person from a photograph or screen. None ships yet; the seam is here."""

    def assess(self, pixels: Pixels, face: DetectedFace) -> AttackAssessment | None:
        """Return the assessment, or None when nothing can be said."""
        ...


class Camera(Protocol):
    """A source that is asked for its next frame, and tells how it is doing meanwhile."""

    def read(self, timeout: float) -> Frame | None:
        """Return the next frame, or None when none came within `timeout` seconds.

        Raises:
            StreamEnded: a clip or folder has no more frames.
        """
        ...

    def health(self) -> CameraHealth: ...

    def close(self) -> None: ...


class FaceTracker(Protocol):
    """Follows faces from frame to frame."""

    def update(
        self, faces: Sequence[DetectedFace], at: datetime, *, complete: bool = True
    ) -> TrackUpdate:
        """Return the followed faces after this frame.

        With `complete` false the search was a quick one that may have overlooked small faces:
        what it did not find is taken to be where it was going.
        """
        ...

    def reset(self) -> TrackUpdate:
        """Forget everybody, as after a cut; returns whom that ended."""
        ...


class Vault(Protocol):
    """Seals what must not be readable: payloads know their owner and purpose."""

    def seal(self, plaintext: bytes, *, purpose: str, owner: str, key: str = "seal") -> bytes:
        """Return a token that only `open` with the same purpose, owner and key gives back.

        `key` is one of "seal", "book" (the register), "messages" and "backup" (files that leave
        the database). To seal is to write: the keys stay as they are until the transaction ends.
        """
        ...

    def open(self, token: bytes, *, purpose: str, owner: str, key: str = "seal") -> bytes:
        """Return the plaintext.

        Raises:
            DecryptionFailed: wrong key, owner or purpose, or a changed token.
        """
        ...

    def open_file(self, token: bytes, *, purpose: str, owner: str) -> bytes:
        """Open what `seal` sealed with the key "backup", also before a rotation.

        Raises:
            DecryptionFailed: another site sealed it, or it was changed.
        """
        ...

    def seal_for(
        self, subject_id: str, plaintext: bytes, *, purpose: str, key: str | None = None
    ) -> bytes:
        """Seal under the subject's own key, which is made at the first use.

        With `key`, such as "crops", the site's key of that name is needed as well.
        """
        ...

    def open_for(
        self, subject_id: str, token: bytes, *, purpose: str, key: str | None = None
    ) -> bytes:
        """Open what `seal_for` sealed.

        Raises:
            DecryptionFailed: as `open`, or the subject's key was destroyed.
        """
        ...

    def blind(self, purpose: str, text: str) -> bytes:
        """Return 32 bytes that are equal for equal text, and tell nothing without the key."""
        ...

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return the site's signature, 64 bytes, for this purpose alone."""
        ...

    @property
    def public_key(self) -> bytes:
        """The 32 bytes with which others check the site's signatures."""
        ...


class Subjects(Protocol):
    """People and their keys."""

    def add(self, subject: Subject) -> None:
        """Raises AlreadyExists when the external id is taken."""
        ...

    def add_many(self, people: Sequence[Subject]) -> None:
        """Add many at once; when one is refused none is added."""
        ...

    def get(self, subject_id: str) -> Subject:
        """Raises NotFound."""
        ...

    def update(self, subject: Subject) -> None: ...

    def remove(self, subject_id: str) -> None:
        """Remove the person's rows and destroy their key; marks keep the random id."""
        ...

    def all(self) -> list[Subject]:
        """Return everybody, sorted by name."""
        ...

    def names(self) -> dict[str, str]:
        """Return subject id -> name for everybody."""
        ...

    def some(self, subject_ids: Iterable[str]) -> dict[str, Subject]:
        """Return these people by id; whoever is not there any more is left out."""
        ...

    def by_external_id(self, external_id: str) -> Subject | None: ...


class Consents(Protocol):
    def add(self, consent: Consent) -> None: ...

    def of(self, subject_id: str) -> list[Consent]:
        """Return the person's consents, oldest first."""
        ...

    def all_of(self, subject_ids: Iterable[str] | None = None) -> dict[str, list[Consent]]:
        """Return subject id -> consents, oldest first, of everybody or of these, in few queries.

        Who has none is not in it.
        """
        ...

    def update(self, consent: Consent) -> None: ...


class References(Protocol):
    """Enrolled samples."""

    def add(self, reference: Reference) -> None: ...

    def get(self, reference_id: str) -> Reference:
        """Raises NotFound."""
        ...

    def of(self, subject_id: str) -> list[Reference]:
        """Return the person's samples with their crops, oldest first."""
        ...

    def ids_of(self, subject_id: str) -> list[str]:
        """Return the ids of the person's samples, oldest first; nothing is opened."""
        ...

    def drop_crops(self, subject_id: str) -> int:
        """Delete the person's crops, and leave the templates; return how many there were."""
        ...

    def templates(
        self, space: TemplateSpace, subject_ids: Iterable[str] | None = None
    ) -> tuple[list[str], npt.NDArray[np.float32]]:
        """Return (owners, rows (n, d)) of one space, of everybody or of these subjects."""
        ...

    def spaces(self) -> dict[TemplateSpace, int]:
        """Return how many samples there are of each space."""
        ...

    def has_source(self, subject_id: str, source: str) -> bool:
        """Return whether this picture was already enrolled for the person."""
        ...

    def counts(self, subject_ids: Iterable[str] | None = None) -> dict[str, int]:
        """Return subject id -> number of samples, for those (of these subjects) who have any."""
        ...

    def replace(self, reference: Reference) -> None:
        """Put a new template in the place of the sample with the same id."""
        ...

    def delete(self, reference_id: str) -> None: ...


class TemplateProtection(Protocol):
    """The site's secret transform under which templates are stored, and its renewal."""

    def newest(self) -> int:
        """Return the number of the transform that new templates get."""
        ...

    def renewing(self) -> bool:
        """Return whether a renewal was begun and not finished."""
        ...

    def begin(self) -> int:
        """Make a new transform, unless a renewal goes on; return the newest one's number."""
        ...

    def outdated(self) -> int:
        """Return how many templates are not stored under the newest transform."""
        ...

    def renew(self, limit: int) -> int:
        """Store at most `limit` templates under the newest transform; return how many were."""
        ...

    def finish(self) -> None:
        """Destroy the secrets of all transforms but the newest.

        Raises:
            StorageError: templates are still stored under an older one.
        """
        ...


class Groups(Protocol):
    """Groups and who belongs to them."""

    def add(self, group: Group) -> None:
        """Raises AlreadyExists when the name is taken."""
        ...

    def get(self, group_id: str) -> Group:
        """Raises NotFound."""
        ...

    def all(self) -> list[Group]:
        """Return all groups, sorted by name."""
        ...

    def by_name(self, name: str) -> Group | None: ...

    def rename(self, group_id: str, name: str) -> None:
        """Raises NotFound, or AlreadyExists when another group has the name."""
        ...

    def join(self, membership: Membership) -> None:
        """Add a membership; nothing happens when the same one is there already."""
        ...

    def join_many(self, new: Sequence[Membership]) -> None:
        """Add memberships that are known to be new."""
        ...

    def leave(self, group_id: str, subject_id: str, last_day: date) -> None: ...

    def memberships(
        self, *, group_id: str | None = None, subject_id: str | None = None
    ) -> list[Membership]: ...

    def roster(self, group_id: str, day: date) -> list[str]:
        """Return the subject ids that belong to the group on this day."""
        ...

    def sizes(self, day: date) -> dict[str, int]:
        """Return group id -> how many people belong to it on this day; erased ones do not count."""
        ...


class Sessions(Protocol):
    def add(self, session: Session) -> None: ...

    def add_many(self, sessions: Sequence[Session]) -> None: ...

    def get(self, session_id: str) -> Session:
        """Raises NotFound. A unique beginning of the id of at least 4 digits is enough."""
        ...

    def update(self, session: Session) -> None: ...

    def remove(self, session_id: str) -> None:
        """Forget a session that was planned and never opened."""
        ...

    def first_day(self) -> date | None:
        """Return the day of the earliest session, or None when there is none."""
        ...

    def some(self, session_ids: Collection[str]) -> dict[str, Session]:
        """Return those of these sessions that there are, by id."""
        ...

    def all(
        self,
        *,
        group_id: str | None = None,
        first_day: date | None = None,
        last_day: date | None = None,
        open_only: bool = False,
        states: Collection[SessionState] | None = None,
    ) -> list[Session]:
        """Return sessions by business date and start, earliest first; all, or of these states.

        Planned and cancelled sessions are among them: reports ask for `COUNTED_STATES`.
        """
        ...

    def page(
        self,
        *,
        first_day: date,
        last_day: date,
        group_ids: Collection[str] | None = None,
        states: Collection[SessionState] | None = None,
        offset: int = 0,
        limit: int,
    ) -> tuple[list[Session], int]:
        """Return at most `limit` sessions in the order of `all`, and how many there are."""
        ...


class Register(Protocol):
    """The append-only, chained, sealed book."""

    def hold(self) -> None:
        """Keep others from appending until the transaction ends, and see all they appended.

        Call it before reading what decides on an entry, so that two processes cannot both decide.
        """
        ...

    def append(self, entry: NewEntry) -> Entry:
        """Append one entry.

        Raises:
            AlreadyExists: an entry with the same `once` is there.
        """
        ...

    def append_sheets(self, session_ids: Sequence[str], entries: Sequence[NewEntry]) -> None:
        """Append all marks of whole sessions at once, straight into sealed sheets.

        The entries of one session lie side by side, in the order of `session_ids`.
        """
        ...

    def of_session(self, session_id: str) -> list[Entry]:
        """Return a session's entries in order, whether single or in its sheet."""
        ...

    def of_sessions(self, session_ids: Sequence[str]) -> dict[str, list[Entry]]: ...

    def seal_sheet(self, session_id: str) -> None:
        """Move the session's single payloads into one sealed sheet."""
        ...

    def entries(
        self,
        kinds: Sequence[str] | None = None,
        limit: int = 1000,
        *,
        before: int | None = None,
        down_to: int = 1,
        groups: Collection[str] | None = None,
    ) -> list[Entry]:
        """Return the newest entries, newest first: of these kinds, and of a part of the book.

        The part reaches from the entry before number `before` back to number `down_to`. With
        `groups` marks are only those of sessions of these groups; other entries are not left out.
        """
        ...

    def search(
        self,
        text: str,
        *,
        before: int,
        down_to: int,
        limit: int,
        most: int,
        kinds: Sequence[str] | None = None,
        groups: Collection[str] | None = None,
    ) -> tuple[list[Entry], int]:
        """Return the newest entries with an id in them, and where the search would go on.

        It opens at most `most` seals, and ends earlier when it has found `limit` entries; what
        `kinds`, `groups`, `before` and `down_to` mean, `entries` says.
        """
        ...

    def since(self, number: int, kinds: Sequence[str], limit: int) -> list[Entry]:
        """Return at most `limit` entries of these kinds after this number, oldest first.

        Marks are not asked for this way: those of closed sessions lie in sheets.
        """
        ...

    def count(self) -> int: ...

    def touched_since(self, number: int) -> tuple[int, frozenset[str]]:
        """Return how many entries there are, and the sessions of those after the given one."""
        ...

    def verify(self, progress: Progress | None = None) -> Verification: ...

    def head(self) -> tuple[int, bytes]:
        """Return how many entries there are, and the last link, 32 bytes.

        Raises:
            RegisterTampered: the head was changed outside of Rollbook.
        """
        ...

    def link_at(self, number: int) -> bytes | None:
        """Return the link of an entry, 32 bytes, or None where there is no such entry."""
        ...

    def standing(self) -> Standing:
        """Return how the register stands to the witness beside the keys.

        Raises:
            RegisterTampered: the head was changed outside of Rollbook.
        """
        ...

    def accept_loss(self, entry: NewEntry) -> Standing:
        """Go on although entries are gone that the witness saw: append this entry all the same.

        Returns what was found before; where nothing is lost, nothing is appended.
        """
        ...

    def find_rows(self) -> bool:
        """Append digests of all rows that are compared; False: an earlier entry has them."""
        ...


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A face of a photograph or track that a person has to decide on."""

    review_id: str
    session_id: str
    body: dict[str, object]  # JSON values; people by random id; no picture of unknown people
    created_at: datetime


class Reviews(Protocol):
    def add(self, item: ReviewItem) -> None: ...

    def all(self, session_id: str | None = None) -> list[ReviewItem]: ...

    def get(self, review_id: str) -> ReviewItem:
        """Raises NotFound."""
        ...

    def delete(self, review_id: str) -> None:
        """Raises NotFound: somebody else decided meanwhile."""
        ...


class SiteSettings(Protocol):
    """Settings of the site that are kept in the database, as JSON values."""

    def get(self, key: str, default: object = None) -> object: ...

    def set(self, key: str, value: object) -> None: ...


class UnitOfWork(Protocol):
    """One transaction: leaving the block without `commit` undoes everything."""

    @property
    def subjects(self) -> Subjects: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def references(self) -> References: ...
    @property
    def protection(self) -> TemplateProtection: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def register(self) -> Register: ...
    @property
    def reviews(self) -> Reviews: ...
    @property
    def requests(self) -> Requests: ...
    @property
    def site(self) -> SiteSettings: ...
    @property
    def users(self) -> Users: ...
    @property
    def web_sessions(self) -> WebSessions: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def staff(self) -> StaffList: ...
    @property
    def tokens(self) -> ApiTokens: ...
    @property
    def throttles(self) -> Throttles: ...
    @property
    def replies(self) -> Replies: ...
    @property
    def cameras(self) -> Cameras: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def series(self) -> SeriesList: ...
    @property
    def due(self) -> DueWork: ...
    @property
    def absences(self) -> AbsenceList: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def receipts(self) -> Receipts: ...
    @property
    def blocks(self) -> Blocks: ...
    @property
    def recipients(self) -> RecipientList: ...
    @property
    def outbox(self) -> MessageQueue: ...
    @property
    def tallies(self) -> TallyBook: ...
    @property
    def rows(self) -> ComparedRows: ...
    @property
    def person_rows(self) -> PersonRows: ...
    @property
    def vault(self) -> Vault: ...

    def see_one_moment(self) -> None:
        """Let everything that is read show the same moment, whoever writes; call it first."""
        ...

    def touch_gallery(self) -> None:
        """Let `gallery_version` grow when this transaction is committed."""
        ...

    def gallery_version(self) -> int:
        """Return a number that grows whenever samples, consents or rosters change."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def commit(self) -> None:
        """Make everything durable.

        Raises:
            StorageUnavailable: the disk is full or read-only, or the database is locked.
        """
        ...


OpenUnitOfWork = Callable[[], UnitOfWork]
"""Starts a transaction: `with open_uow() as uow: …; uow.commit()`."""
