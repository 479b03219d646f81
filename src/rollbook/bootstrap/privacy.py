"""Parts about papers and about how long things are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

from rollbook.bootstrap.engines import build_calibrations
from rollbook.bootstrap.rights import RightsParts
from rollbook.domain.identification import ProbeKind
from rollbook.domain.papers import ModelFact, SiteFacts, ThresholdFact
from rollbook.errors import RollbookError
from rollbook.services.retention import asked_rules, nightly_rules, retention_rules

if TYPE_CHECKING:
    from rollbook.domain.ports import UnitOfWork
    from rollbook.domain.retention import RetentionRules
    from rollbook.domain.templates import TemplateSpace
    from rollbook.services.papers import Papers
    from rollbook.services.purging import Purging
    from rollbook.services.retention import Retention

SIZES = (30, 300, 3000)  # people, for which a paper says the threshold


class PrivacyParts(RightsParts):
    """Papers, retention, and the purge."""

    @cached_property
    def papers(self) -> Papers:
        from rollbook.reports.papers import fill_paper
        from rollbook.services.papers import Papers

        return Papers(self.uow, self.clock, self.site_facts, fill_paper)

    @cached_property
    def retention(self) -> Retention:
        from rollbook.services.retention import Retention

        return Retention(self.uow, self.clock)

    @cached_property
    def purging(self) -> Purging:
        """The purge that somebody asks for."""
        return self._purging(asked_rules)

    @cached_property
    def nightly_purging(self) -> Purging:
        """The purge of the timetable, which leaves time to look at rules that nobody chose."""
        return self._purging(nightly_rules)

    def _purging(self, rules: Callable[[UnitOfWork, datetime], RetentionRules]) -> Purging:
        from rollbook.services.purging import Purging
        from rollbook.storage.old_logs import LogFolder

        return Purging(
            self.uow,
            self.clock,
            lambda: self.zone,
            self.reviewing,
            LogFolder(self.settings.home / "logs"),
            self.erasing,
            self.people_import.tidy,
            rules,
        )

    def site_facts(self) -> SiteFacts:
        """Return what the papers are filled from."""
        from rollbook.services.papers import particulars_of

        choices = self.site.choices()
        with self.uow() as uow:
            particulars, rules = particulars_of(uow), retention_rules(uow)
            cameras, kiosks = len(uow.cameras.all()), len(uow.devices.all())
        return SiteFacts(
            site=choices.site_name or "Rollbook",
            institution=choices.institution,
            place=choices.place,
            zone=self.zone.key,
            faces=choices.faces_enabled,
            keep_crops=self.settings.keep_crops,
            target_fpir=self.settings.target_fpir,
            today=self.today(),
            rules=rules,
            review_days=choices.review_days,
            particulars=particulars,
            models=self._models(),
            thresholds=self._thresholds(),
            backups=self._backup_places(),
            key_case=self._key_case(),
            cameras=cameras,
            kiosks=kiosks,
            version=version("rollbook"),
        )

    def _models(self) -> tuple[ModelFact, ...]:
        """Return the networks that the settings name; of one that is not ours less is known."""
        from rollbook.vision.models import MODEL_FILES

        known = {model.name: model for model in MODEL_FILES}
        own = self.settings.user_model
        names = (self.settings.detector, own.stem if own else self.settings.embedder)
        return tuple(
            ModelFact(name, known[name].licence, known[name].origin)
            if name in known
            else ModelFact(name, "", "")
            for name in names
        )

    def _thresholds(self) -> tuple[ThresholdFact, ...]:
        """Return the thresholds of cameras; none where the networks or a calibration lack."""
        try:
            calibrations = build_calibrations(self.settings, self._space())
        except RollbookError:
            return ()
        found = calibrations.get(ProbeKind.TRACK)
        if found is None:
            return ()
        target = self.settings.target_fpir
        return tuple(
            ThresholdFact(size, round(found.operating_point(target, size).threshold, 3))
            for size in SIZES
        )

    def _space(self) -> TemplateSpace:
        """Return the space of the embedder in use, without loading its network if that goes."""
        from rollbook.vision.registry import load_backend

        if self.given_engine is None and self.settings.user_model is None:
            backend = load_backend("embedders", self.settings.embedder)
            space: TemplateSpace | None = getattr(backend, "space", None)
            if space is not None:
                return space
        return self.engine.space

    def _key_case(self) -> str:
        """Return where the site key is: as `doctor` says it, or nothing where that is not told."""
        safety = getattr(self, "key_safety", None)
        return str(safety().place.value) if safety is not None else ""

    def _backup_places(self) -> tuple[str, ...] | None:
        """Return where backups go, without passwords; none are set up, or it is not known."""
        backups = getattr(self, "backups", None)
        if backups is None:
            return None
        return tuple(one.shown for one in backups.destinations())
