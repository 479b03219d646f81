"""Without consent nothing is computed: neither detector nor embedder is called on any way in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import make_reference
from intake import COLOURS, TERMS, Intake, SureDetector, given, save
from kiosk_bench import save_colour_calibration
from rollbook.bootstrap import build
from rollbook.bootstrap.app import App
from rollbook.domain.subjects import Subject
from rollbook.errors import ConsentMissing, FacesOff
from rollbook.services.encode import Encoder
from rollbook.services.enrol import Enrolee
from rollbook.services.enrol_folder import FolderEnroller
from rollbook.services.importing import Importer
from rollbook.settings import Settings
from rollbook.storage.database import Database
from rollbook.storage.tables import samples
from rollbook.testing import GREEN, RED, ColourEmbedder, FixedClock, template_of
from rollbook.vision.engine import Engine
from rollbook.vision.images import PICTURE_SUFFIXES, read_image


class SpyEmbedder(ColourEmbedder):
    """Counts what is computed."""

    calls = 0

    def embed(self, crops: Any) -> Any:
        self.calls += len(crops)
        return super().embed(crops)


@dataclass
class Spied:
    """An enrolment whose detector and embedder are watched."""

    intake: Intake
    detector: SureDetector
    embedder: SpyEmbedder
    database: Database
    folder: Path

    @property
    def computed(self) -> int:
        return self.detector.calls + self.embedder.calls

    def person(self, name: str = "Ada Lovelace") -> Subject:
        subject = self.intake.new(name).subject
        with self.database.uow() as uow:
            uow.subjects.add(subject)
            uow.commit()
        return subject

    def withdrawn(self) -> Subject:
        """Return somebody who agreed once."""
        from rollbook.services.consenting import Consenting

        subject = self.person()
        consenting = Consenting(self.database.uow, self.intake.clock)
        consenting.record(subject.subject_id, TERMS)
        consenting.withdraw(subject.subject_id)
        return subject


@pytest.fixture
def spied(database: Database, tmp_path: Path) -> Spied:
    intake = Intake(database.uow)
    detector, embedder = SureDetector(COLOURS), SpyEmbedder()
    intake.engine.detector, intake.engine.embedder = detector, embedder  # type: ignore[misc]
    return Spied(intake, detector, embedder, database, tmp_path / "pictures")


def by_upload(spied: Spied, who: Subject) -> None:
    """A picture that is uploaded, dropped, or sent to the interface for programs."""
    spied.intake.enroller.enrol(Enrolee(who), [given("a.jpg", RED)])


def by_frame(spied: Spied, who: Subject) -> None:
    """A frame of the guided camera: the page and the terminal ask this first."""
    spied.intake.enroller.require_consent(Enrolee(who))


def by_folder(spied: Spied, who: Subject) -> None:
    save(spied.folder / who.name / "1.png", RED)
    enroller = FolderEnroller(
        spied.database.uow, spied.intake.clock, spied.intake.enroller, read_image, PICTURE_SUFFIXES
    )
    report = enroller.run(spied.folder, TERMS)
    assert report.enrolled == [] and len(report.refused) == 1
    raise ConsentMissing(report.refused[0].sentence)


def by_table(spied: Spied, who: Subject) -> None:
    save(spied.folder / "1.png", RED)
    roster = spied.folder / "roster.csv"
    roster.write_text(f"name,photo\n{who.name},1.png\n", encoding="utf-8")
    importer = Importer(
        spied.database.uow,
        spied.intake.clock,
        lambda: spied.intake.enroller,
        read_image,
        spied.intake.today,
    )
    report = importer.run(roster, None)
    assert report.samples == 0
    (error,) = report.errors
    raise ConsentMissing(error.sentence)


WAYS = [by_upload, by_frame, by_folder, by_table]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nothing_is_computed_of_who_withdrew(
    spied: Spied, way: Callable[[Spied, Subject], None]
) -> None:
    who = spied.withdrawn()
    with pytest.raises(ConsentMissing):
        way(spied, who)
    assert spied.computed == 0


@pytest.mark.parametrize("way", [by_upload, by_frame, by_table], ids=lambda way: way.__name__)
def test_nothing_is_computed_of_who_never_agreed(
    spied: Spied, way: Callable[[Spied, Subject], None]
) -> None:
    """A folder is given together with a consent of everybody in it, so it is not among these."""
    who = spied.person()
    with pytest.raises(ConsentMissing):
        way(spied, who)
    assert spied.computed == 0


@pytest.mark.parametrize("way", [by_upload, by_frame, by_table], ids=lambda way: way.__name__)
def test_nothing_is_computed_where_faces_are_switched_off(
    spied: Spied, way: Callable[[Spied, Subject], None]
) -> None:
    from rollbook.services.consenting import Consenting
    from rollbook.services.site import Site

    who = spied.person()
    Consenting(spied.database.uow, spied.intake.clock).record(who.subject_id, TERMS)
    Site(spied.database.uow, spied.intake.clock).change("admin", faces_enabled=False)
    with pytest.raises(ConsentMissing):
        way(spied, who)
    with pytest.raises(FacesOff):
        by_folder(spied, who)
    with pytest.raises(FacesOff):
        encoder(spied).run()
    assert spied.computed == 0


def test_nothing_is_kept_of_who_withdraws_while_their_picture_is_looked_at(spied: Spied) -> None:
    from rollbook.services.consenting import Consenting

    who = spied.person()
    consenting = Consenting(spied.database.uow, spied.intake.clock)
    consenting.record(who.subject_id, TERMS)
    enroller, enrolee = spied.intake.enroller, Enrolee(who)
    enroller.require_consent(enrolee)
    examined = enroller.examine(enrolee, [given("a.jpg", RED)])
    rows = enroller.embed([examined])[0]
    consenting.withdraw(who.subject_id)
    with pytest.raises(ConsentMissing):
        enroller.store(enrolee, examined, rows)
    with spied.database.uow() as uow:
        assert uow.references.counts() == {}


def encoder(spied: Spied) -> Encoder:
    def never(crop: object) -> Any:
        raise AssertionError("a crop was opened")

    return Encoder(spied.database.uow, spied.intake.clock, spied.intake.engine, never)


def test_templates_are_not_made_anew_without_consent(spied: Spied) -> None:
    who = spied.person()
    with spied.database.uow() as uow:
        uow.references.add(make_reference(who.subject_id, 1))  # as of an earlier embedder
        uow.commit()
    report = encoder(spied).run()
    assert [person.name for person in report.without_consent] == [who.name]
    assert spied.computed == 0


def test_crops_are_kept_only_where_that_was_agreed_to(spied: Spied) -> None:
    from rollbook.services.consenting import Consenting

    who = spied.person()
    terms = replace(TERMS, crops=False)
    Consenting(spied.database.uow, spied.intake.clock).record(who.subject_id, terms)
    spied.intake.enroller.enrol(Enrolee(who), [given("a.jpg", RED)])
    with spied.database.engine.connect() as connection:
        assert [row.crop for row in connection.execute(samples.select())] == [None]
    spied.intake.engine.embedder = SpyEmbedder()  # type: ignore[misc]
    with spied.database.uow() as uow:
        (kept,) = uow.references.of(who.subject_id)
        old = replace(make_reference(who.subject_id, 1, crop=None), reference_id=kept.reference_id)
        uow.references.replace(old)
        uow.commit()
    report = encoder(spied).run()
    assert [person.name for person in report.come_again] == [who.name]  # it says whom it cannot


@pytest.fixture
def app(book: Path) -> Iterator[App]:
    """Return a site with Ada, who agreed, and Bob, who did not although a template is there."""
    save_colour_calibration(book)
    engine = Engine(SureDetector(COLOURS), SpyEmbedder())
    made = build(Settings(home=book), engine=engine)
    made.clock = FixedClock()
    ada = made.people.add("Ada", terms=TERMS)
    bob = made.people.add("Bob")
    with made.uow() as uow:
        for person, colour in ((ada, RED), (bob, GREEN)):
            made_of = make_reference(person.subject_id, 1, crop=None)
            uow.references.add(replace(made_of, template=template_of(colour)))
        uow.commit()
    yield made
    made.database.close()


def test_only_those_who_agreed_are_compared_with_each_other(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[list[str]] = []

    def look(owners: list[str], rows: np.ndarray, space: object) -> frozenset[frozenset[str]]:
        compared.append(owners)
        return frozenset()

    monkeypatch.setattr(app, "_look_alikes", look)
    app.compare_everybody()
    with app.uow() as uow:
        names = [uow.subjects.get(owner).name for owner in compared[0]]
    assert names == ["Ada"]
    app.site.change("admin", faces_enabled=False)
    assert app.compare_everybody() == frozenset()
    assert len(compared) == 1
