"""Open any source of pictures: webcam, stream, clip or folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from rollbook.domain.cameras import CameraHealth, CameraState
from rollbook.domain.faces import Frame, Pixels
from rollbook.errors import CameraUnavailable, InvalidInput, StreamEnded, UnreadableImage
from rollbook.vision.addresses import SourceAddress, SourceKind
from rollbook.vision.capture import CaptureCamera, CaptureRules

FOLDER_STEP = timedelta(milliseconds=200)  # between the pictures of a folder
FOLDER_SIDE = 1920  # pixels; larger pictures may come reduced


class FolderSource:
    """The pictures of a folder in the order of their names, five to a second of its clock."""

    def __init__(self, folder: Path, *, camera_id: str, start: datetime) -> None:
        """Raises InvalidInput when the folder holds no pictures."""
        self._files = pictures_in(folder)
        if not self._files:
            raise InvalidInput("There are no pictures in %(folder)s.", folder=folder)
        self._folder = folder
        self._camera_id = camera_id
        self._start = start
        self._next = 0
        self._read = 0
        self._unreadable = 0
        self._size: tuple[int, int] | None = None
        self._closed = False

    @property
    def camera_id(self) -> str:
        return self._camera_id

    def read(self, timeout: float) -> Frame | None:
        """Return the next picture; files that cannot be opened are counted and skipped.

        Raises:
            StreamEnded: all pictures were given.
            CameraUnavailable: none of them could be opened, or the source was closed.
        """
        while self._next < len(self._files) and not self._closed:
            index, self._next = self._next, self._next + 1
            if (pixels := self._open(self._files[index])) is not None:
                return Frame(pixels, self._start + index * FOLDER_STEP, self._camera_id, index)
        if self._closed or self._read == 0:
            raise CameraUnavailable(self.health().sentence)
        raise StreamEnded(self.health().sentence)

    def _open(self, file: Path) -> Pixels | None:
        from rollbook.vision.images import read_image  # cameras need not pay for its libraries

        try:
            pixels = read_image(file, enough=FOLDER_SIDE)
        except UnreadableImage:
            self._unreadable += 1
            return None
        self._read += 1
        self._size = (pixels.shape[1], pixels.shape[0])
        return pixels

    def frames(self) -> Iterator[Frame]:
        """Yield all pictures that are left."""
        while True:
            try:
                frame = self.read(0.0)
            except StreamEnded:
                return
            if frame is not None:
                yield frame

    def health(self) -> CameraHealth:
        state, sentence = self._condition()
        return CameraHealth(state, sentence, self._read, self._unreadable, size=self._size)

    def close(self) -> None:
        self._closed = True

    def _condition(self) -> tuple[CameraState, str]:
        if self._closed:
            return CameraState.CLOSED, f"{self._folder} was closed."
        if self._next < len(self._files):
            return CameraState.WORKING, f"Pictures come from {self._folder}."
        if self._read == 0:
            return CameraState.LOST, f"None of the pictures in {self._folder} can be opened."
        skipped = f"; {self._unreadable} could not be opened" if self._unreadable else ""
        return CameraState.ENDED, f"All pictures of {self._folder} were seen{skipped}."


def pictures_in(folder: Path) -> list[Path]:
    """Return the folder's picture files, sorted by name; not those of folders inside it."""
    from rollbook.vision.images import PICTURE_SUFFIXES

    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file()
    )


def open_source(
    source: SourceAddress,
    *,
    camera_id: str,
    start: datetime,
    every_frame: bool = False,
    rules: CaptureRules | None = None,
) -> CaptureCamera | FolderSource:
    """Return a source that is ready to be read; `start` is the instant of a clip's first picture.

    With `every_frame` a clip is read as fast as its pictures are used, and none is left out;
    else it plays at its own pace, as a camera would.
    """
    if source.kind is SourceKind.FOLDER:
        return FolderSource(Path(source.address), camera_id=camera_id, start=start)
    return CaptureCamera(
        source, camera_id=camera_id, start=start, every_frame=every_frame, rules=rules
    )
