"""Where pictures come from, as a person writes it, and as it may be shown to others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from rollbook.errors import InvalidInput

CAMERA_SCHEMES = frozenset({"rtsp", "rtsps", "http", "https"})
STREAM_SCHEMES = frozenset({"rtsp", "rtsps", "http", "https", "tcp", "udp", "rtp", "srt"})


class SourceKind(StrEnum):
    WEBCAM = "webcam"
    STREAM = "stream"
    CLIP = "clip"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """One source. `address` may hold a password: only `shown` may be printed or logged."""

    kind: SourceKind
    address: str
    shown: str

    def __repr__(self) -> str:
        return f"SourceAddress({self.kind.value}, {self.shown!r})"


def parse_source(text: str) -> SourceAddress:
    """Return the source that a person named: a webcam's number, an address, a file or a folder.

    Raises:
        InvalidInput: there is no such file, or streams of this kind are not read.
    """
    if text.isdecimal() and len(text) < 4:
        return SourceAddress(SourceKind.WEBCAM, str(int(text)), f"Camera {int(text)}")
    if "://" in text:
        return _stream(text)
    path = Path(text).expanduser()
    if text and path.is_dir():
        return SourceAddress(SourceKind.FOLDER, str(path), str(path))
    if path.is_file():
        return SourceAddress(SourceKind.CLIP, str(path), str(path))
    raise InvalidInput(
        "There is no file or folder %(text)r. Give a webcam's number (0), the "
        "address of a stream (rtsp://… or http://…), a video file or a folder of "
        "images.",
        text=text,
    )


def parse_camera(text: str) -> SourceAddress:
    """Return the source of a camera that stays: a webcam's number or a stream, never a file.

    Raises:
        InvalidInput: it is neither.
    """
    scheme = text.partition("://")[0].lower()
    if (text.isdecimal() and len(text) < 4) or scheme in CAMERA_SCHEMES:
        return parse_source(text)
    raise InvalidInput(
        "A camera is a webcam's number, such as 0, or the address of a stream that begins with "
        "rtsp:// or http://."
    )


def _stream(text: str) -> SourceAddress:
    scheme = text.split("://", 1)[0].lower()
    if scheme not in STREAM_SCHEMES:
        known = ", ".join(sorted(STREAM_SCHEMES))
        raise InvalidInput(
            "Streams of this kind are not read; an address begins with: %(known)s.", known=known
        )
    return SourceAddress(SourceKind.STREAM, text, without_credentials(text))


def without_credentials(url: str) -> str:
    """Return scheme, host, port and path; user, password and query may be secrets.

    >>> without_credentials("rtsp://ada:secret@10.0.0.5:554/live?token=1#x")
    'rtsp://10.0.0.5:554/live'
    >>> without_credentials("rtsp://10.0.0.5/user=ada&password=secret")
    'rtsp://10.0.0.5/…'
    """
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url.split("://", 1)[0] + "://…"
    # some cameras take the password as a part of the path
    plain = not any(sign in parts.path for sign in "=&@;")
    path = parts.path if plain else "/…"
    return f"{parts.scheme}://{host}{port}{path}"
