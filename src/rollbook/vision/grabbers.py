"""Read pictures from a webcam, stream or clip; runs inside a capture process.

Imports as little as it can, since each camera pays for it: PyAV for streams and clips, OpenCV for
webcams, never the networks or the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from rollbook.vision.addresses import STREAM_SCHEMES, SourceKind

INNER_PROTOCOLS = ("srtp", "tls", "httpproxy", "crypto")  # what streams are made of
BAD_PACKETS = 150  # in a row: then it is no video any more


class GrabError(Exception):
    """Pictures cannot be read; the text is what comes after the source's name in a sentence."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, converted only when somebody wants it."""

    render: Callable[[], Any]  # uint8 (height, width, 3), BGR
    seconds: float | None  # on the clip's clock; None for live sources


@dataclass(frozen=True, slots=True)
class GrabOptions:
    """How to read a source."""

    open_within: float  # seconds until the first packet
    silent_for: float  # seconds without a packet after which a stream counts as dead
    max_side: int  # larger pictures are made smaller, pixels


def grab(kind: SourceKind, address: str, options: GrabOptions) -> Iterator[Picture]:
    """Yield pictures until the source ends.

    Raises:
        GrabError: it cannot be opened, or went away.
    """
    if kind is SourceKind.WEBCAM:
        return _webcam(int(address), options)
    return _video(address, options, live=kind is SourceKind.STREAM)


def _webcam(index: int, options: GrabOptions) -> Iterator[Picture]:
    import cv2

    camera = cv2.VideoCapture(index)
    if not camera.isOpened():
        raise GrabError("cannot be opened. Is it plugged in, and not used by another program?")
    camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # an old picture is worth nothing
    try:
        while True:
            there, pixels = camera.read()
            if not there:
                raise GrabError("gives no more pictures. Was it unplugged?")
            yield Picture(partial(_shrunk, pixels, options.max_side), None)
    finally:
        camera.release()


def _shrunk(pixels: Any, max_side: int) -> Any:
    import cv2

    height, width = pixels.shape[:2]
    size = fitting(width, height, max_side)
    if size == (width, height):
        return pixels
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def fitting(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Return the size that is at most `max_side` pixels a side, in the same proportion.

    >>> fitting(3840, 2160, 1920)
    (1920, 1080)
    """
    scale = min(1.0, max_side / max(width, height, 1))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _video(address: str, options: GrabOptions, *, live: bool) -> Iterator[Picture]:
    import av

    try:
        with av.open(
            address if live else f"file:{address}",  # a colon in its name is no protocol
            options=_format_options(live, options),
            timeout=(options.open_within, options.silent_for),
        ) as container:
            if not container.streams.video:
                raise GrabError("has no video in it.")
            yield from _decoded(container, options, live=live)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise GrabError(_reason(error)) from None  # the cause's text holds the whole address
    if live:
        raise GrabError("stopped sending.")


def _format_options(live: bool, options: GrabOptions) -> dict[str, str]:
    """Return FFmpeg's options: a clip cannot make it read the network, nor a stream read files."""
    if not live:
        return {"protocol_whitelist": "file"}
    return {
        "protocol_whitelist": ",".join((*sorted(STREAM_SCHEMES), *INNER_PROTOCOLS)),
        "rtsp_transport": "tcp",
        "timeout": str(int(options.silent_for * 1e6)),
        "fflags": "nobuffer",
        "analyzeduration": "1000000",
    }


def _decoded(container: Any, options: GrabOptions, *, live: bool) -> Iterator[Picture]:
    import av

    video = container.streams.video[0]
    video.codec_context.thread_count = 1  # further threads cost memory and bring delay
    step = 1 / float(video.average_rate or 25)
    bad, latest = 0, -step
    for packet in container.demux(video):
        try:
            frames = packet.decode()
        except (av.error.InvalidDataError, av.error.ArgumentError) as error:
            bad += 1  # streams are often joined in the middle
            if bad > BAD_PACKETS:
                raise GrabError("sends no video that can be read.") from error
            continue
        for frame in frames:
            bad = 0
            # some files carry no times
            latest = latest + step if frame.time is None else frame.time
            seconds = None if live else latest
            yield Picture(partial(_to_bgr, frame, options.max_side), seconds)


def _to_bgr(frame: Any, max_side: int) -> Any:
    import numpy as np

    width, height = fitting(frame.width, frame.height, max_side)
    pixels = frame.reformat(width=width, height=height, format="bgr24").to_ndarray()
    turns = round(frame.rotation / 90) % 4  # telephones write films lying on their side
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def _reason(error: Exception) -> str:
    """Return what to tell a person; the error's own text may hold a password."""
    import av

    table: list[tuple[tuple[str, ...], str]] = [
        (
            ("HTTPUnauthorizedError", "HTTPForbiddenError", "PermissionError"),
            "refuses the user name or password.",
        ),
        (("HTTPNotFoundError", "FileNotFoundError"), "has no stream at this path."),
        (
            ("ConnectionRefusedError",),
            "refuses the connection. Is it switched on, and the port right?",
        ),
        (("ConnectionResetError", "BrokenPipeError", "EOFError"), "stopped sending."),
        (("ExitError", "TimeoutError"), "does not answer."),
        (("InvalidDataError", "DemuxerNotFoundError"), "sends no video that can be read."),
        (("ProtocolNotFoundError",), "speaks a protocol that is not supported."),
    ]
    for names, text in table:
        if isinstance(error, tuple(getattr(av.error, name) for name in names)):
            return text
    return "cannot be reached. Check the address and the network."
