"""The whole installation, and how it is opened."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.bootstrap.core import SystemClock
from rollbook.bootstrap.messages import MessageParts

if TYPE_CHECKING:
    from rollbook.services.due import DueRunner
    from rollbook.services.key_rotation import KeyRotation
    from rollbook.services.tasks import TaskRunner
    from rollbook.settings import Settings
    from rollbook.vision.engine import Engine


class App(MessageParts):
    """The parts of one installation; each is made when it is first used."""

    @cached_property
    def tasks(self) -> TaskRunner:
        """Long work that goes on while its page is closed."""
        from rollbook.services import (
            backups,
            export_jobs,
            key_rotation,
            purging,
            register_check,
            subject_access,
        )
        from rollbook.services.people_import import KIND
        from rollbook.services.tasks import TaskRunner

        jobs = {
            KIND: lambda task, control: self.people_import.work(task, control),
            register_check.KIND: lambda task, control: self.register_check.work(task, control),
            purging.KIND: lambda task, control: self.purging.work(task, control),
            export_jobs.KIND: lambda task, control: self.export_desk.work(task, control),
            backups.KIND: lambda task, control: self.backups.work(task, control),
            subject_access.KIND: lambda task, control: self.subject_access.work(task, control),
            key_rotation.KIND: lambda task, control: self.key_rotation.work(task, control),
        }
        return TaskRunner(self.uow, self.clock, jobs, self.people_import.tidy)

    @cached_property
    def key_rotation(self) -> KeyRotation:
        """Exchanges keys while the site is used."""
        from rollbook.services.key_rotation import KeyRotation
        from rollbook.storage.rotation import SqlKeyStore

        return KeyRotation(
            self.uow,
            self.clock,
            SqlKeyStore(self.database.engine, self.database.keys),
            templates=lambda by, told: self.template_rotation.acting(by).run(told).samples,
            kept_from=lambda now: self.backups.oldest_kept(),
            after_site=lambda: self.backups.replace_bundles(),
        )

    @cached_property
    def due(self) -> DueRunner:
        """Does what is due; `rollbook up` lets a clock ask it every few seconds."""
        from rollbook.services.due import DueRunner
        from rollbook.services.due_jobs import jobs_of

        return DueRunner(self.uow, self.clock, jobs_of(self))


def build(settings: Settings, *, create: bool = False, engine: Engine | None = None) -> App:
    """Return the parts of the installation in `settings.home`, with this engine if one is given.

    Raises:
        NotFound: there is no installation, and `create` is false.
        StorageUnavailable: the home cannot be written.
        NewerDatabase: a later version of Rollbook wrote the database.
        DecryptionFailed: the site key is not the one that the database was made with.
        ConfigurationError: the site key is locked, and nobody can be asked for the passphrase.
    """
    from rollbook.bootstrap.keys import key_source
    from rollbook.storage.database import Database

    database = Database.open(
        settings.resolved_database_url,
        keys_dir=settings.keys_dir,
        create=create,
        source=key_source(settings),
    )
    return App(settings, SystemClock(), database, engine)
