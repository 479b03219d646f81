"""Taking pictures of one person at a camera, for `rollbook samples add --camera`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.cli import common
from rollbook.errors import InvalidInput

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.services.samples import Picture


def take(app: App, camera: str) -> list[Picture]:
    """Guide somebody through the poses and return the pictures; nothing is written.

    Raises:
        InvalidInput: no pose was held, or there is no such camera.
        CameraUnavailable: it gives no pictures.
    """
    from rollbook.services.guided import GuidedCapture
    from rollbook.vision.addresses import parse_source
    from rollbook.vision.sources import open_source

    address = parse_source(camera)
    source = open_source(address, camera_id=address.shown, start=app.clock.now(), every_frame=True)
    capture = GuidedCapture(app.sampler.examine, common.warn)
    try:
        pictures = capture.run(source.frames())
    finally:
        source.close()
    if capture.skipped:
        common.warn(f"Not taken: {', '.join(capture.skipped)}.")
    if not pictures:
        raise InvalidInput("No picture was taken. Sit in front of the camera, in good light.")
    return pictures
