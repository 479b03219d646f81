"""Parts about the rights of the people whose attendance is kept."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.bootstrap.backups import BackupParts
from rollbook.domain.erasing import KeyCopies
from rollbook.errors import NotFound

if TYPE_CHECKING:
    from rollbook.services.erasing import Erasing
    from rollbook.services.pending_photos import PhotoShelf
    from rollbook.services.subject_access import SubjectAccess
    from rollbook.services.template_rotation import TemplateRotation


class RightsParts(BackupParts):
    """Erasure, and what is handed out about a person."""

    @cached_property
    def erasing(self) -> Erasing:
        from rollbook.services.erasing import Erasing
        from rollbook.storage.remains import HomeRemains

        remains = HomeRemains(self.settings.home, self._database_file(), self.work_files)
        return Erasing(
            self.uow,
            self.clock,
            self.today,
            remains,
            self.erased_list,
            self._replace_key_copies,
            self._photos_in_memory,
        )

    @cached_property
    def template_rotation(self) -> TemplateRotation:
        from rollbook.services.template_rotation import TemplateRotation
        from rollbook.storage.remains import HomeRemains

        remains = HomeRemains(self.settings.home, self._database_file(), self.work_files)
        return TemplateRotation(self.uow, self.clock, empty_log=remains.empty_log)

    @cached_property
    def subject_access(self) -> SubjectAccess:
        from rollbook.reports.access_archive import access_archive
        from rollbook.services.subject_access import SubjectAccess

        return SubjectAccess(
            self.uow,
            self.clock,
            access_archive,
            self.work_files,
            lambda: {"backup_places": len(self.backups.destinations())},
            self._agreed_text,
        )

    def _agreed_text(self, text_id: str) -> str | None:
        """Return the text that a consent names, where the site has published it."""
        with self.uow() as uow:
            try:
                return uow.documents.get(text_id).text
            except NotFound:
                return None

    def forget_erased(self) -> None:
        """Drop what this process has opened of people who were erased elsewhere."""
        if "people_index" in self.__dict__:
            self.people_index.follow()
        shelf = self._photos_in_memory()
        if shelf is not None and (named := shelf.named()):
            with self.uow() as uow:
                gone = named - uow.subjects.some(named).keys()
            for subject_id in gone:
                shelf.forget(subject_id)

    def _replace_key_copies(self) -> KeyCopies:
        """Let the copies of the wrapped keys be replaced, and tell what is left of old ones."""
        left = self.backups.replace_bundles()
        return KeyCopies(len(left.places), left.gone_by)

    def _photos_in_memory(self) -> PhotoShelf | None:
        return self.photo_shelf if "photo_shelf" in self.__dict__ else None

    def _database_file(self) -> Path | None:
        from rollbook.storage.database import _file_of

        return _file_of(self.settings.resolved_database_url)
