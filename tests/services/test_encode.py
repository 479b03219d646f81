"""A new embedder: templates come anew from the crops, and nobody is compared across spaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from intake import Intake, given
from rollbook.domain.templates import TemplateSpace
from rollbook.services.consenting import Consenting
from rollbook.services.encode import Encoder
from rollbook.services.enrol import Enrolee
from rollbook.storage.database import Database
from rollbook.testing import BLUE, GREEN, RED, ColourEmbedder
from rollbook.vision.crops import open_crop
from rollbook.vision.engine import Engine

NEW_SPACE = TemplateSpace("colour", "111111111111", 3)


class NewEmbedder(ColourEmbedder):
    """The same with its first two numbers exchanged, as a space of its own."""

    space = NEW_SPACE

    def embed(self, crops: np.ndarray) -> np.ndarray:
        return super().embed(crops)[:, [1, 0, 2]]


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database.uow)


def encoder(intake: Intake) -> Encoder:
    engine = Engine(intake.detector, NewEmbedder())
    return Encoder(intake.open_uow, intake.clock, engine, open_crop)


def test_templates_come_from_the_crops_and_stay_nearly_the_same(intake: Intake) -> None:
    ada = intake.enrol("Ada", RED, RED)
    with intake.open_uow() as uow:
        before = uow.references.of(ada)
    steps: list[tuple[int, int]] = []
    report = encoder(intake).run(lambda done, total: steps.append((done, total)))
    assert (report.people, report.samples, report.come_again) == (1, 2, [])
    assert steps == [(1, 1)]
    with intake.open_uow() as uow:
        after = uow.references.of(ada)
        assert uow.references.spaces() == {NEW_SPACE: 2}
    for old, new in zip(before, after, strict=True):
        assert (old.reference_id, old.source, old.pose) == (new.reference_id, new.source, new.pose)
        assert new.crop is not None
        assert float(old.template.values[[1, 0, 2]] @ new.template.values) > 0.99


def test_who_has_no_crop_must_come_again_and_is_never_compared(database: Database) -> None:
    Intake(database.uow, crops=False).enrol("Ada", RED)
    intake = Intake(database.uow)
    bob = intake.enrol("Bob", GREEN)
    report = encoder(intake).run()
    assert [person.name for person in report.come_again] == ["Ada"]
    assert report.people == 1
    with database.uow() as uow:
        assert uow.references.templates(NEW_SPACE)[0] == [bob]


def test_who_has_some_crops_is_told(database: Database) -> None:
    ada = Intake(database.uow, crops=False).enrol("Ada", RED)
    intake = Intake(database.uow)
    who = Enrolee(replace(intake.new("Ada").subject, subject_id=ada))
    assert intake.enroller.enrol(who, [given("x", RED, 5)]).added == 1
    report = encoder(intake).run()
    assert (report.people, report.samples) == (1, 1)
    assert [person.name for person in report.partly] == ["Ada"]


def test_it_goes_on_after_it_was_stopped(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, colour in (("Ada", RED), ("Bob", GREEN), ("Cy", BLUE)):
        intake.enrol(name, colour)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    stopped = encoder(intake).run(stop)
    assert stopped.stopped
    assert stopped.people == 2
    went_on = encoder(intake).run()
    assert (went_on.people, went_on.current) == (1, 2)
    with intake.open_uow() as uow:
        assert uow.references.spaces() == {NEW_SPACE: 3}
        assert uow.register.verify().holds


def test_without_consent_nothing_is_computed(intake: Intake) -> None:
    ada = intake.enrol("Ada", RED)
    with intake.open_uow() as uow:
        (consent,) = uow.consents.of(ada)
        uow.consents.update(replace(consent, retain_until=intake.today()))
        uow.commit()
    intake.clock.advance(3 * 86_400)
    report = encoder(intake).run()
    assert [person.name for person in report.without_consent] == ["Ada"]
    assert report.samples == 0


def test_what_is_current_is_left_alone(intake: Intake) -> None:
    ada = intake.enrol("Ada", RED)
    encoder(intake).run()
    with intake.open_uow() as uow:
        count = uow.register.count()
    again = encoder(intake).run()
    assert (again.people, again.current) == (0, 1)
    with intake.open_uow() as uow:
        assert uow.register.count() == count
    Consenting(intake.open_uow, intake.clock).withdraw(ada)
    assert encoder(intake).run().current == 0
