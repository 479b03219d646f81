"""Parts about messages: who gets them, what is on its way, and what staff hear of by themselves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.bootstrap.figures import FigureParts

if TYPE_CHECKING:
    from rollbook.domain.messages import Sender
    from rollbook.services.message_settings import MessageSettings
    from rollbook.services.outbox import Outbox
    from rollbook.services.recipients import Recipients
    from rollbook.services.staff_news import StaffNews, Trouble
    from rollbook.services.unsubscribing import Unsubscribing

LOW_SPACE = 500 * 2**20  # bytes
TOLD_PROBLEMS = ("failed", "old")  # of backups


class MessageParts(FigureParts):
    """Messages to guardians, people and staff."""

    @cached_property
    def sender(self) -> Sender:
        from rollbook.network.apprise_sender import AppriseSender

        return AppriseSender()

    @cached_property
    def outbox(self) -> Outbox:
        """Sends messages itself, or lets the site's workers do it where a broker is set."""
        from rollbook.services.outbox import Outbox

        broker = self.settings.broker_url
        dispatch = None
        if broker is not None:
            from rollbook.bootstrap.broker import dispatch_by

            dispatch = dispatch_by(broker.get_secret_value())
        return Outbox(self.uow, self.clock, self.sender, lambda: self.zone, dispatch)

    @cached_property
    def message_settings(self) -> MessageSettings:
        from rollbook.services.message_settings import MessageSettings

        return MessageSettings(self.uow, self.clock, self.sender)

    @cached_property
    def recipients(self) -> Recipients:
        from rollbook.services.recipients import Recipients

        return Recipients(self.uow, self.clock)

    @cached_property
    def unsubscribing(self) -> Unsubscribing:
        from rollbook.services.unsubscribing import Unsubscribing

        return Unsubscribing(self.uow, self.clock)

    @cached_property
    def staff_news(self) -> StaffNews:
        from rollbook.services.staff_news import StaffNews

        return StaffNews(
            self.uow, self.clock, lambda: self.zone, self.facts.read, lambda: self.troubles()
        )

    def troubles(self) -> Iterator[Trouble]:
        """Yield what an administrator should hear of: cameras, disk, keys, backups."""
        yield from self._camera_troubles()
        yield from self._house_troubles()

    def _camera_troubles(self) -> Iterator[Trouble]:
        from rollbook.domain.camera_reports import Running
        from rollbook.domain.messages import EventKind

        with self.uow() as uow:
            cameras = uow.cameras.all()
        for camera in cameras:
            report = self.camera_watch.report(camera)
            if report.running is Running.TROUBLE:
                values = {"camera": camera.name, "what": report.sentence}
                yield EventKind.CAMERA, camera.camera_id, values

    def _house_troubles(self) -> Iterator[Trouble]:
        from rollbook.domain.messages import EventKind
        from rollbook.services.backup_problems import PROBLEM_TEXT
        from rollbook.services.message_words import DISK_LOW

        free = shutil.disk_usage(self.settings.home).free
        if free < LOW_SPACE:
            yield EventKind.TROUBLE, "disk", {"what": DISK_LOW, "free": str(free // 2**20)}
        for sentence in self.key_safety().problems:
            yield EventKind.TROUBLE, sentence, {"what": sentence}
        for one in self.backups.problems(self.clock.now()):
            if one.kind in TOLD_PROBLEMS:
                values = {"what": PROBLEM_TEXT[one.kind], "where": one.where, "why": one.why}
                yield EventKind.TROUBLE, f"backup {one.kind} {one.where}", values
