"""Enrolling one person: consent before anything, and nothing that does not belong together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from intake import LEVELS, TERMS, Intake, given, portrait
from rollbook.domain.faces import DetectedFace, Pixels, Refusal
from rollbook.domain.ports import AttackAssessment
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import Subject, new_id
from rollbook.errors import ConsentMissing, StorageUnavailable
from rollbook.services import known_faces
from rollbook.services.consenting import Consenting
from rollbook.services.enrol import Enrolee
from rollbook.services.people import People
from rollbook.services.samples import Picture, Sampler
from rollbook.storage.database import Database
from rollbook.testing import BLUE, GREEN, RED, YELLOW, face_at, paint, picture
from rollbook.vision.crops import open_crop


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database.uow)


def test_without_consent_nothing_is_computed(intake: Intake) -> None:
    nobody_asked = Enrolee(Subject(new_id(), "Ada"), is_new=True)
    with pytest.raises(ConsentMissing, match="Ada has not agreed"):
        intake.enroller.enrol(nobody_asked, [given("a.jpg", RED)])
    assert intake.detector.calls == 0
    assert intake.embedder.embedded == 0
    assert intake.counts() == {}


def test_a_consent_that_is_over_or_withdrawn_does_not_count(intake: Intake) -> None:
    subject_id = intake.enrol("Ada", RED)
    who = Enrolee(Subject(subject_id, "Ada"))
    intake.enroller.require_consent(who)
    Consenting(intake.open_uow, intake.clock).withdraw(subject_id)
    with pytest.raises(ConsentMissing):
        intake.enroller.enrol(who, [given("b.jpg", RED, 5)])
    ends = replace(TERMS, retain_until=intake.today())
    Consenting(intake.open_uow, intake.clock).record(subject_id, ends)
    intake.enroller.require_consent(who)
    intake.clock.advance(timedelta(days=2).total_seconds())
    with pytest.raises(ConsentMissing):
        intake.enroller.require_consent(who)


def test_person_consent_samples_and_register_entry_come_in_one_transaction(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = intake.new("Ada")
    calls: list[str] = []

    def broken_commit(uow: object) -> None:
        calls.append("commit")
        raise StorageUnavailable("The disk is full.")

    with intake.open_uow() as uow:
        kind = type(uow)
    with monkeypatch.context() as patched:
        patched.setattr(kind, "commit", broken_commit)
        with pytest.raises(StorageUnavailable):
            intake.enroller.enrol(who, [given("a.jpg", RED)])
    assert calls == ["commit"]
    assert intake.counts() == {}
    assert intake.enroller.enrol(who, [given("a.jpg", RED)]).added == 1
    with intake.open_uow() as uow:
        kinds = [entry.kind for entry in uow.register.entries()]
        bodies = str([entry.body for entry in uow.register.entries()])
    assert kinds == [EntryKind.ENROLMENT, EntryKind.CONSENT, EntryKind.SUBJECT]
    assert "Ada" not in bodies and "guardian" not in bodies
    assert who.subject_id in bodies


def test_the_crop_is_kept_and_opens_to_the_same_face(intake: Intake) -> None:
    subject_id = intake.enrol("Ada", RED)
    with intake.open_uow() as uow:
        (sample,) = uow.references.of(subject_id)
    assert sample.crop is not None
    pixels, landmarks = open_crop(sample.crop)
    assert max(pixels.shape) <= 320
    x, y = landmarks[2].round().astype(int)
    assert np.allclose(pixels[y, x], RED, atol=20)


def test_a_site_may_keep_no_crops(database: Database) -> None:
    intake = Intake(database.uow, crops=False)
    subject_id = intake.enrol("Ada", RED)
    with intake.open_uow() as uow:
        assert [sample.crop for sample in uow.references.of(subject_id)] == [None]


def test_the_same_picture_is_enrolled_once(intake: Intake) -> None:
    who = intake.new("Ada")
    same = given("a.jpg", RED)
    outcome = intake.enroller.enrol(who, [same, replace(same, what="copy of a.jpg")])
    assert (outcome.added, outcome.already) == (1, 1)
    calls = intake.detector.calls
    again = intake.enroller.enrol(Enrolee(who.subject), [same])
    assert (again.added, again.already) == (0, 1)
    assert intake.detector.calls == calls, "an enrolled picture is not looked at again"


def test_a_picture_of_somebody_else_among_the_others_is_refused(intake: Intake) -> None:
    pictures = [given("1.jpg", RED), given("2.jpg", GREEN), given("3.jpg", RED, 4)]
    outcome = intake.enroller.enrol(intake.new("Ada"), pictures)
    assert outcome.added == 2
    assert [(r.what, r.code) for r in outcome.refused] == [("2.jpg", "not_like_the_others")]


def test_a_later_picture_must_look_like_the_enrolled_ones(intake: Intake) -> None:
    subject_id = intake.enrol("Ada", RED)
    outcome = intake.enroller.enrol(
        Enrolee(Subject(subject_id, "Ada")), [given("x.jpg", BLUE), given("y.jpg", BLUE, 3)]
    )
    assert outcome.added == 0
    assert intake.codes(outcome.refused) == ["not_like_the_others"] * 2


def test_somebody_enrolled_under_another_name_is_found(intake: Intake) -> None:
    ada = intake.enrol("Ada", RED)
    outcome = intake.enroller.enrol(intake.new("Adele"), [given("a.jpg", RED, 6)])
    assert outcome.added == 0
    (refusal,) = outcome.refused
    assert refusal.code == Refusal.POSSIBLE_DUPLICATE.value
    assert refusal.candidate_id == ada
    assert "Ada" in refusal.sentence and "--allow-duplicate" in refusal.sentence
    assert intake.counts() == {"Ada": 1}


def test_a_person_may_decide_that_two_are_two_and_it_is_recorded(intake: Intake) -> None:
    ada = intake.enrol("Ada", RED)
    twin = intake.new("Twin", allow_duplicate=True)
    outcome = intake.enroller.enrol(twin, [given("t.jpg", RED, 6)])
    assert outcome.added == 1
    assert outcome.look_alikes == (ada,)
    with intake.open_uow() as uow:
        entry = uow.register.entries([EntryKind.ENROLMENT])[0]
    assert entry.body["allowed_duplicates"] == [ada]


def test_a_duplicate_is_found_right_after_enrolment_and_from_another_process(
    intake: Intake,
) -> None:
    intake.enrol("Green", GREEN)
    elsewhere = Intake(intake.open_uow)
    elsewhere.enrol("Red", RED)
    for colour in (GREEN, RED):
        outcome = intake.enroller.enrol(intake.new("Copy"), [given("c.jpg", colour, 7)])
        assert intake.codes(outcome.refused) == ["possible_duplicate"]


def test_people_who_withdrew_are_not_searched(intake: Intake) -> None:
    subject_id = intake.enrol("Ada", RED)
    Consenting(intake.open_uow, intake.clock).withdraw(subject_id)
    assert intake.enrol("Adele", RED)


def test_people_who_look_alike_are_enrolled_and_reported(intake: Intake) -> None:
    red = intake.enrol("Red", RED)
    outcome = intake.enroller.enrol(intake.new("Yellow"), [given("y.jpg", YELLOW)])
    assert outcome.added == 1
    assert outcome.look_alikes == (red,)


def test_many_people_can_follow_each_other(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_faces, "ROOM", 2)
    intake.levels = replace(LEVELS, duplicate=2.0, look_alike=2.0)
    for number in range(9):
        intake.enrol(f"Person {number}", (RED, GREEN, BLUE)[number % 3])
    intake.levels = LEVELS
    outcome = intake.enroller.enrol(intake.new("Late"), [given("late.jpg", BLUE, 9)])
    assert intake.codes(outcome.refused) == ["possible_duplicate"]


def test_faces_that_are_too_small_or_several_are_refused_with_what_to_do(intake: Intake) -> None:
    crowd = picture()
    paint(crowd, face_at(150, 190, 100), RED)
    paint(crowd, face_at(390, 190, 100), GREEN)
    pictures = [
        Picture("small.jpg", "1", portrait(RED, size=30)),
        Picture("crowd.jpg", "2", crowd),
        Picture("nobody.jpg", "3", picture()),
        Picture("aside.jpg", "4", portrait(RED, right=250)),
    ]
    outcome = intake.enroller.enrol(intake.new("Ada"), pictures)
    assert intake.codes(outcome.refused) == [
        "too_small",
        "several_faces",
        "no_face",
        "turned_away",
    ]
    assert all(refusal.sentence.endswith(".") for refusal in outcome.refused)
    assert intake.counts() == {}, "who has no sample at all is not added"


def test_an_attack_is_refused_before_the_embedder(intake: Intake) -> None:
    class Suspicious:
        def assess(self, pixels: Pixels, face: DetectedFace) -> AttackAssessment:
            return AttackAssessment("test", 0.99, refused=True)

    meter = intake.sampler._meter
    sampler = Sampler(intake.engine, meter, None, attacks=Suspicious())
    found = sampler.examine(given("a.jpg", RED))
    assert found.code == "presentation_attack"  # type: ignore[union-attr]
    assert intake.embedder.embedded == 0


def test_a_picture_that_lies_on_its_side_is_turned_upright(intake: Intake) -> None:
    class Sideways:
        """Certain of faces in the upper part, and unsure of those elsewhere."""

        def detect(self, pixels: Pixels) -> list[DetectedFace]:
            found = intake.detector.detect(pixels)
            top = found[0].box.top < pixels.shape[0] / 4
            return [replace(found[0], score=0.95 if top else 0.75)]

    upright = portrait(RED, up=120)
    engine = type(intake.engine)(Sideways(), intake.embedder)
    sampler = Sampler(engine, intake.sampler._meter, None)
    expected = sampler.examine(Picture("upright", "0", upright))
    for quarters in (1, 2, 3):
        turned = np.ascontiguousarray(np.rot90(upright, quarters))
        found = sampler.examine(Picture("turned", "1", turned))
        assert np.array_equal(found.aligned, expected.aligned)  # type: ignore[union-attr]


def test_poses_are_covered_and_told(intake: Intake) -> None:
    who = intake.new("Ada")
    places = {
        "front": (0, 0),
        "left": (100, 0),
        "right": (-100, 0),
        "up": (0, 80),
        "down": (0, -80),
    }
    pictures = [
        Picture(pose, pose, portrait(RED, right, up)) for pose, (right, up) in places.items()
    ]
    outcome = intake.enroller.enrol(who, pictures)
    assert outcome.poses == tuple(places)


def test_groups_are_joined_with_the_enrolment(intake: Intake) -> None:
    people = People(intake.open_uow, intake.clock, intake.today)
    group = people.add_group("7b")
    subject_id = intake.enrol("Ada", RED, group_ids=(group.group_id,))
    with intake.open_uow() as uow:
        assert uow.groups.roster(group.group_id, intake.today()) == [subject_id]


def test_the_register_still_holds(intake: Intake) -> None:
    intake.enrol("Ada", RED)
    intake.enrol("Bob", GREEN)
    with intake.open_uow() as uow:
        assert uow.register.verify().holds
