"""The pages about people: who may see whom, consent, samples, and what the register keeps."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from intake import TERMS, portrait
from rollbook.domain.register import EntryKind
from rollbook.domain.subjects import Subject
from rollbook.testing import BLUE, GREEN, RED, YELLOW, picture
from web.desk import Desk, encoded, png
from web.school import Site


@pytest.fixture
def desk(site: Site, client_of: Callable[[str | None], FlaskClient]) -> Desk:
    return Desk(site, client_of)


@pytest.fixture
def ada(desk: Desk) -> Subject:
    """Return Ada of 5b, who agreed."""
    desk.agree(desk.site.ada.subject_id)
    return desk.site.ada


def text(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.get_data(as_text=True)


def names(page: str) -> list[str]:
    return re.findall(r'class="name"[^>]*><bdi>([^<]+)</bdi>', page)


def test_administrators_see_everybody_and_faculty_their_groups(desk: Desk) -> None:
    assert len(names(text(desk.alice, "/people"))) == 5
    assert names(text(desk.bob, "/people")) == ["Ada Lovelace", "Alan Turing", "Grace Hopper"]
    assert names(text(desk.charlie, "/people")) == ["Barbara Liskov", "Edsger Dijkstra"]
    assert ">5b<" not in text(desk.charlie, "/people")


@pytest.mark.parametrize("login", ["dora", "ada"])
def test_auditors_and_subjects_have_no_people_pages(desk: Desk, login: str) -> None:
    client = desk.client_of(login)
    for address in ("/people", "/people/add", f"/people/{desk.site.ada.subject_id}"):
        assert client.get(address).status_code == 403


def test_the_list_is_searched_and_filtered(desk: Desk, ada: Subject) -> None:
    assert names(text(desk.alice, "/people?q=LOVE")) == ["Ada Lovelace"]
    assert names(text(desk.alice, f"/people?group={desk.site.other_group.group_id}")) == [
        "Barbara Liskov",
        "Edsger Dijkstra",
    ]
    assert "Ada Lovelace" not in names(text(desk.alice, "/people?show=no-consent"))
    assert "Nobody fits" in text(desk.alice, "/people?q=zzz")
    assert len(names(text(desk.alice, "/people?show=nonsense&order=nonsense&page=x"))) == 5


def test_another_group_s_filter_shows_nothing_of_it(desk: Desk) -> None:
    assert names(text(desk.charlie, f"/people?group={desk.site.group.group_id}")) == []


def test_people_who_look_alike_are_found(desk: Desk) -> None:
    desk.intake.enrol("Red", RED)
    desk.intake.enrol("Yellow", YELLOW)
    desk.intake.enrol("Blue", BLUE)
    assert names(text(desk.alice, "/people?show=look-alikes")) == ["Red", "Yellow"]


def test_a_person_is_added_with_group_and_consent(desk: Desk) -> None:
    form = {
        "name": "  Zoë  Müller ",
        "external_id": "S-77",
        "group_id": desk.site.group.group_id,
        "contacts": "zoe@example.invalid\n+49 30 1",
        "agreed": "yes",
        "text_id": "2026-1",
        "given_by": "her mother",
    }
    answer = desk.bob.post("/people/add", data=form)
    assert answer.status_code == 303
    page = text(desk.bob, answer.location)
    for shown in ("Zoë Müller", "S-77", "zoe@example.invalid", "5b", "2026-1", "her mother"):
        assert shown in page
    added = desk.entries(EntryKind.SUBJECT)[-1]
    assert str(added.body["by"]).startswith("faculty ")
    assert "zoe" not in json.dumps([dict(entry.body) for entry in desk.entries(*EntryKind)]).lower()


@pytest.mark.parametrize(
    "name", ["مريم‌ السيّد", "नीलम क्षत्रिय", "🙂 Smile", "O’Neil \u202etac\u202c", "e\u0301mile"]
)
def test_names_of_any_script_are_kept_and_shown(desk: Desk, name: str) -> None:
    answer = desk.alice.post("/people/add", data={"name": name})
    assert answer.status_code == 303
    page = text(desk.alice, answer.location)
    assert "\u202e" not in page
    assert "<bdi>" in page
    assert len(names(text(desk.alice, "/people"))) == 6


def test_a_name_is_never_markup(desk: Desk) -> None:
    answer = desk.alice.post("/people/add", data={"name": "<script>alert(1)</script>"})
    page = text(desk.alice, answer.location)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_what_is_wrong_with_a_form_is_said_and_nothing_is_written(desk: Desk) -> None:
    before = len(desk.entries(*EntryKind))
    for form, said in (
        ({"name": " "}, "Please enter a name"),
        ({"name": "x" * 201}, "200 characters"),
        ({"name": "Ada Lovelace"}, "already"),
        ({"name": "A", "agreed": "yes"}, "Say which text was agreed to"),
        (
            {"name": "A", "agreed": "yes", "text_id": "1", "given_by": "x", "retain_until": "?"},
            "day",
        ),
    ):
        answer = desk.alice.post("/people/add", data=form)
        assert answer.status_code in {400, 409}
        assert said in answer.get_data(as_text=True)
    assert len(desk.entries(*EntryKind)) == before


def test_faculty_add_people_to_their_own_groups_alone(desk: Desk) -> None:
    for group_id in ("", desk.site.other_group.group_id, "f" * 32):
        answer = desk.bob.post("/people/add", data={"name": "New", "group_id": group_id})
        assert answer.status_code == 400
        assert "Choose one of your groups" in answer.get_data(as_text=True)


def test_details_are_changed(desk: Desk) -> None:
    address = f"/people/{desk.site.ada.subject_id}/edit"
    assert "Ada Lovelace" in text(desk.bob, address)
    form = {"name": "Ada King", "external_id": "S-1", "contacts": "x@example.invalid"}
    assert desk.bob.post(address, data=form).status_code == 303
    page = text(desk.bob, f"/people/{desk.site.ada.subject_id}")
    assert "Ada King" in page and "S-1" in page and "x@example.invalid" in page
    assert desk.bob.post(address, data={"name": "Ada King"}).status_code == 303
    assert "S-1" not in text(desk.bob, f"/people/{desk.site.ada.subject_id}")
    assert desk.bob.post(address, data={"name": "Alan Turing"}).status_code == 400


def test_faculty_lose_sight_of_who_left_their_group(desk: Desk) -> None:
    ada = desk.site.ada.subject_id
    assert desk.bob.get(f"/people/{ada}").status_code == 200
    desk.site.parts.people.leave(desk.site.group.group_id, [ada])
    assert desk.bob.get(f"/people/{ada}").status_code == 200  # today is the last day
    desk.site.clock.at += timedelta(days=1)
    client = desk.client_of("bob")
    assert client.get(f"/people/{ada}").status_code == 404
    assert client.post(f"/people/{ada}/consent/withdraw").status_code == 404


def test_consent_is_recorded_and_withdrawing_deletes_pictures_at_once(desk: Desk) -> None:
    ada = desk.newcomer()
    page = text(desk.bob, f"/people/{ada}")
    assert "Record the consent first" in page
    form = {"text_id": "2026-1", "given_by": "her father", "retain_until": "2027-07-31"}
    form["crops"] = "yes"
    assert desk.bob.post(f"/people/{ada}/consent", data=form).status_code == 303
    desk.send(desk.bob, ada, ("a.png", png(RED)), ("b.png", png(RED, 1)))
    assert desk.counts(ada) == 2
    page = text(desk.bob, f"/people/{ada}")
    assert "deletes all 2 pictures and templates at once" in page
    image = re.search(r'src="(/people/[^"]+\.jpg[^"]*)"', page)
    assert image is not None
    address = image.group(1).replace("&amp;", "&")
    assert desk.bob.get(address).mimetype == "image/jpeg"
    assert desk.bob.post(f"/people/{ada}/consent/withdraw").status_code == 303
    assert desk.counts(ada) == 0
    assert "2 pictures were deleted" in text(desk.bob, f"/people/{ada}")
    assert desk.bob.get(address).status_code == 404
    assert desk.entries(EntryKind.CONSENT)[-1].body["event"] == "withdrawn"


def test_a_consent_that_says_nothing_or_is_over_is_refused(desk: Desk) -> None:
    ada = desk.site.ada.subject_id
    for form in ({}, {"text_id": "x", "given_by": "y", "retain_until": "2020-01-01"}):
        answer = desk.bob.post(f"/people/{ada}/consent", data=form)
        assert answer.status_code == 400
    assert desk.entries(EntryKind.CONSENT) == []


def test_pictures_are_added_and_each_refusal_is_said(desk: Desk, ada: Subject) -> None:
    files = [
        ("good.png", png(RED)),
        ("nobody.png", encoded(picture())),
        ("broken.jpg", b"\xff\xd8\xff\xe0 broken"),
        ("empty.png", b""),
        ("../../two <b>.png", encoded(np.hstack([portrait(RED), portrait(GREEN)]))),
    ]
    answer = desk.send(desk.bob, ada.subject_id, *files)
    assert answer.status_code == 303
    page = text(desk.bob, answer.location.partition("#")[0])
    assert "1 picture was added" in page
    assert "nobody.png</bdi></strong>: No face was found" in page
    assert "two &lt;b&gt;.png</bdi></strong>: Several faces" in page
    assert "broken.jpg" in page and "empty.png" in page
    assert "1 picture was added" not in text(desk.bob, f"/people/{ada.subject_id}")


def test_the_same_picture_twice_changes_nothing(desk: Desk, ada: Subject) -> None:
    for _ in range(2):
        desk.send(desk.bob, ada.subject_id, ("a.png", png(RED)))
    assert desk.counts(ada.subject_id) == 1
    assert "enrolled already" in text(desk.bob, f"/people/{ada.subject_id}")


@pytest.mark.parametrize("kind", ["heic", "rotated", "animated", "transparent", "webp"])
def test_pictures_of_many_kinds_are_taken(desk: Desk, ada: Subject, kind: str) -> None:
    answer = desk.send(desk.bob, ada.subject_id, (f"a.{kind}", special(kind)))
    assert answer.status_code == 303
    assert desk.counts(ada.subject_id) == 1


def special(kind: str) -> bytes:
    import pillow_heif
    from PIL import Image

    image = Image.fromarray(cv2.cvtColor(portrait(RED), cv2.COLOR_BGR2RGB))
    made = io.BytesIO()
    if kind == "heic":
        pillow_heif.from_pillow(image).save(made, format="HEIF", quality=95)
    elif kind == "rotated":
        exif = Image.Exif()
        exif[0x0112] = 6
        image.rotate(90, expand=True).save(made, "JPEG", exif=exif, quality=95)
    elif kind == "animated":
        image.save(made, "GIF", save_all=True, append_images=[image.rotate(180)], loop=0)
    elif kind == "transparent":
        image.putalpha(255)
        image.save(made, "PNG")
    else:
        image.save(made, "WEBP", quality=95)
    return made.getvalue()


def bomb() -> bytes:
    """Return a tiny PNG that says it has 60,000 x 60,000 pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def test_a_picture_that_would_burst_memory_is_refused(desk: Desk, ada: Subject) -> None:
    desk.send(desk.bob, ada.subject_id, ("bomb.png", bomb()))
    assert desk.counts(ada.subject_id) == 0
    assert "too many pixels" in text(desk.bob, f"/people/{ada.subject_id}")


def test_at_most_twenty_pictures_are_taken_at_once(desk: Desk, ada: Subject) -> None:
    files = [(f"{n}.png", encoded(picture())) for n in range(22)]
    desk.send(desk.bob, ada.subject_id, *files)
    assert text(desk.bob, f"/people/{ada.subject_id}").count("At most 20 pictures") == 2


def test_without_consent_nothing_is_looked_at(desk: Desk) -> None:
    calls = desk.intake.detector.calls
    answer = desk.send(desk.bob, desk.newcomer(), ("a.png", png(RED)))
    assert answer.status_code == 409
    assert desk.intake.detector.calls == calls


def test_somebody_who_is_enrolled_already_is_shown_to_who_may_see_them(desk: Desk) -> None:
    alan = desk.site.people[1].subject_id
    ada = desk.site.ada.subject_id
    desk.agree(ada)
    desk.agree(alan)
    desk.send(desk.bob, ada, ("a.png", png(RED)))
    desk.send(desk.bob, alan, ("b.png", png(RED, 1)))
    page = text(desk.bob, f"/people/{alan}")
    assert "looks like Ada Lovelace" in page
    assert "It is another person than Ada Lovelace" in page
    assert desk.counts(alan) == 0
    desk.send(desk.bob, alan, ("b.png", png(RED, 1)), another="yes")
    assert desk.counts(alan) == 1
    assert desk.entries(EntryKind.ENROLMENT)[-1].body["allowed_duplicates"] == [ada]


def test_a_name_of_another_group_is_not_given_away_by_a_face(desk: Desk) -> None:
    edsger, ada = desk.site.others[0], desk.site.ada
    desk.agree(edsger.subject_id)
    desk.agree(ada.subject_id)
    desk.send(desk.charlie, edsger.subject_id, ("a.png", png(RED)))
    desk.send(desk.bob, ada.subject_id, ("b.png", png(RED, 1)), another="yes")
    assert desk.counts(ada.subject_id) == 0
    page = text(desk.bob, f"/people/{ada.subject_id}")
    assert "somebody of another group" in page
    assert edsger.name not in page and edsger.subject_id not in page


def test_a_script_is_asked_before_another_person_is_saved(desk: Desk, ada: Subject) -> None:
    alan = desk.site.people[1].subject_id
    desk.agree(alan)
    desk.send(desk.bob, ada.subject_id, ("a.png", png(RED)))
    data = {"files": [(io.BytesIO(png(RED, 1)), "b.png")]}
    answer = desk.bob.post(
        f"/people/{alan}/samples",
        data=data,
        content_type="multipart/form-data",
        headers={"Accept": "application/json"},
    )
    told = answer.get_json()
    assert (told["added"], told["askable"]) == (0, True)
    assert "Ada Lovelace" in told["warning"]


def test_each_page_view_is_one_look_in_the_register(desk: Desk, ada: Subject) -> None:
    desk.send(desk.bob, ada.subject_id, ("a.png", png(RED)), ("b.png", png(RED, 1)))
    page = text(desk.bob, f"/people/{ada.subject_id}")
    images = [one.replace("&amp;", "&") for one in re.findall(r'src="(/people[^"]+)"', page)]
    assert len(images) == 2
    for address in images:
        answer = desk.bob.get(address)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.data[:2] == b"\xff\xd8"
    looks = [e for e in desk.entries(EntryKind.ACCESS) if e.body["event"] == "faces looked at"]
    assert len(looks) == 1
    assert looks[0].body["subject_id"] == ada.subject_id
    assert len(looks[0].body["references"]) == 2  # type: ignore[arg-type]
    assert str(looks[0].body["by"]).startswith("faculty ")
    desk.bob.get(images[0].partition("?")[0])  # without the page it is a look of its own
    desk.alice.get(images[0])  # and with somebody else's token too
    looks = [e for e in desk.entries(EntryKind.ACCESS) if e.body["event"] == "faces looked at"]
    assert len(looks) == 3


def test_a_page_without_pictures_is_no_look(desk: Desk) -> None:
    text(desk.bob, f"/people/{desk.site.ada.subject_id}")
    assert desk.entries(EntryKind.ACCESS) == []


def test_one_sample_is_deleted(desk: Desk, ada: Subject) -> None:
    desk.send(desk.bob, ada.subject_id, ("a.png", png(RED)), ("b.png", png(RED, 1)))
    with desk.site.parts.uow() as uow:
        first = uow.references.of(ada.subject_id)[0].reference_id
    other = desk.site.people[1].subject_id
    assert desk.bob.post(f"/people/{other}/samples/{first}/delete").status_code == 404
    assert desk.bob.get(f"/people/{other}/samples/{first}.jpg").status_code == 404
    assert desk.bob.post(f"/people/{ada.subject_id}/samples/{first}/delete").status_code == 303
    assert desk.counts(ada.subject_id) == 1


def test_coverage_says_what_to_do_next(desk: Desk, ada: Subject) -> None:
    assert "Add a first picture" in text(desk.bob, f"/people/{ada.subject_id}")
    desk.send(desk.bob, ada.subject_id, ("a.png", png(RED)))
    page = text(desk.bob, f"/people/{ada.subject_id}")
    assert "from the front: 1" in page
    assert "turned a little to the left" in page


def test_look_alikes_are_named_to_who_may_see_them(desk: Desk) -> None:
    ada, alan, edsger = desk.site.ada, desk.site.people[1], desk.site.others[0]
    for person in (ada, alan, edsger):
        desk.agree(person.subject_id)
    desk.send(desk.bob, ada.subject_id, ("a.png", png(YELLOW)))
    desk.send(desk.bob, alan.subject_id, ("b.png", png(RED)))
    desk.send(desk.charlie, edsger.subject_id, ("c.png", png(GREEN)))
    page = text(desk.bob, f"/people/{ada.subject_id}/look-alikes")
    assert "Alan Turing" in page and "Edsger" not in page
    assert "1 person of a group that you do not see" in page


def test_groups_are_joined_and_left_by_administrators(desk: Desk) -> None:
    ada, other = desk.site.ada.subject_id, desk.site.other_group
    form = {"group_id": other.group_id, "since": "2026-03-02"}
    assert desk.bob.post(f"/people/{ada}/groups", data=form).status_code == 403
    assert desk.alice.post(f"/people/{ada}/groups", data=form).status_code == 303
    assert "6a" in text(desk.alice, f"/people/{ada}")
    assert "<bdi>6a</bdi>" not in text(desk.bob, f"/people/{ada}")
    leave = f"/people/{ada}/groups/{other.group_id}/leave"
    assert desk.alice.post(leave).status_code == 303
    with desk.site.parts.uow() as uow:
        held = uow.groups.memberships(group_id=other.group_id, subject_id=ada)
    assert [one.until for one in held] == [desk.site.parts.today()]


def test_removing_needs_the_name_and_destroys_everything(desk: Desk, ada: Subject) -> None:
    desk.send(desk.bob, ada.subject_id, ("a.png", png(RED)))
    address = f"/privacy/erase/{ada.subject_id}"
    assert desk.bob.get(address).status_code == 403
    assert "Type the name" in text(desk.alice, address)
    assert desk.alice.post(address, data={"name": "Alan Turing"}).status_code == 400
    assert desk.counts(ada.subject_id) == 1
    assert desk.alice.post(address, data={"name": "ada lovelace"}).status_code == 303
    assert desk.alice.get(f"/people/{ada.subject_id}").status_code == 404
    assert desk.counts(ada.subject_id) == 0
    assert "Ada Lovelace" not in text(desk.alice, "/people")


def test_removing_asks_who_it_is_when_the_sign_in_is_old(desk: Desk) -> None:
    client = desk.client_of("alice")
    desk.site.clock.at += timedelta(hours=3)
    address = f"/privacy/erase/{desk.site.ada.subject_id}"
    assert client.get(address).status_code == 303
    assert client.post(address, data={"name": "Ada Lovelace"}).status_code == 303
    assert desk.alice.get(f"/people/{desk.site.ada.subject_id}").status_code == 200


def test_a_double_click_adds_one_person(desk: Desk) -> None:
    form = {"name": "Once", "_once": "abc"}
    first = desk.alice.post("/people/add", data=form)
    second = desk.alice.post("/people/add", data=form)
    assert first.location == second.location
    assert names(text(desk.alice, "/people?q=once")) == ["Once"]


FRONT, LEFT = (0, 0), (120, 0)


def guide(desk: Desk, subject_id: str, state: object, frame: bytes) -> dict[str, object]:
    data = {"state": json.dumps(state), "frame": (io.BytesIO(frame), "frame.jpg")}
    answer = desk.bob.post(
        f"/people/{subject_id}/camera/frame", data=data, content_type="multipart/form-data"
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    told: dict[str, object] = answer.get_json()
    return told


def test_the_camera_guides_pose_by_pose_and_keeps_nothing(desk: Desk, ada: Subject) -> None:
    assert "Look straight into the camera" in text(desk.bob, f"/people/{ada.subject_id}/camera")
    before = len(desk.entries(*EntryKind))
    state: object = {"pose": 0, "held": [], "begun": None}
    told = guide(desk, ada.subject_id, state, encoded(picture()))
    assert (told["outcome"], told["code"]) == ("missed", "no_face")
    for expected in ("held", "held", "taken"):
        told = guide(desk, ada.subject_id, told["state"], png(RED, right=FRONT[0]))
        assert told["outcome"] == expected
    assert told["hint"] == "Turn your head a little to your left."
    told = guide(desk, ada.subject_id, told["state"], png(RED))
    assert told["hint"] == "Turn your head a little to your left."
    for _ in range(3):
        told = guide(desk, ada.subject_id, told["state"], png(RED, right=LEFT[0]))
    assert told["outcome"] == "taken"
    assert len(desk.entries(*EntryKind)) == before
    assert desk.counts(ada.subject_id) == 0


@pytest.mark.parametrize(
    "state",
    [
        "",
        "[]",
        "{}",
        '{"pose": 5, "held": [], "begun": null}',
        '{"pose": -1, "held": [], "begun": null}',
        '{"pose": 0, "held": [1,2,3,4], "begun": null}',
        '{"pose": 0, "held": [], "begun": "2026-03-02T07:00:00"}',
        '{"pose": "x", "held": [], "begun": null}',
    ],
)
def test_a_state_of_nonsense_is_refused(desk: Desk, ada: Subject, state: str) -> None:
    data = {"state": state, "frame": (io.BytesIO(png(RED)), "frame.jpg")}
    answer = desk.bob.post(
        f"/people/{ada.subject_id}/camera/frame", data=data, content_type="multipart/form-data"
    )
    assert answer.status_code == 400


def test_no_frame_of_somebody_without_consent_is_looked_at(desk: Desk) -> None:
    ada, calls = desk.newcomer(), desk.intake.detector.calls
    assert "has not agreed" in text(desk.bob, f"/people/{ada}/camera")
    state = json.dumps({"pose": 0, "held": [], "begun": None})
    data = {"state": state, "frame": (io.BytesIO(png(RED)), "frame.jpg")}
    answer = desk.bob.post(
        f"/people/{ada}/camera/frame", data=data, content_type="multipart/form-data"
    )
    assert answer.status_code == 409
    assert desk.intake.detector.calls == calls


def test_broken_frames_and_too_large_ones_are_refused(desk: Desk, ada: Subject) -> None:
    state = json.dumps({"pose": 0, "held": [], "begun": None})
    address = f"/people/{ada.subject_id}/camera/frame"
    data = {"state": state, "frame": (io.BytesIO(b"broken"), "frame.jpg")}
    answer = desk.bob.post(address, data=data, content_type="multipart/form-data")
    assert answer.status_code == 400
    head = b'--x\r\nContent-Disposition: form-data; name="frame"; filename="f.jpg"\r\n\r\n'
    body = head + bytes(3_000_000) + b"\r\n--x--\r\n"
    answer = desk.bob.post(address, data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413


def test_uploads_never_lie_readable_on_the_disk(
    desk: Desk, ada: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = encoded(np.random.default_rng(0).integers(0, 255, (1800, 1800, 3), np.uint8))
    assert len(large) > 9_000_000
    seen: list[int] = []
    work = desk.site.parts.settings.home / "work"
    really = desk.site.parts.read_portrait

    def read(data: bytes) -> object:
        files = list(work.glob("*.sealed"))
        seen.append(len(files))
        assert all(large[1000:1100] not in file.read_bytes() for file in files)
        return really(data)

    monkeypatch.setattr("rollbook.bootstrap.App.read_portrait", staticmethod(read))
    desk.send(desk.bob, ada.subject_id, ("noise.png", large))
    assert seen == [1]
    assert list(work.glob("*")) == []


def test_terms_are_offered_from_those_in_use(desk: Desk, ada: Subject) -> None:
    assert f'value="{TERMS.text_id}"' in text(desk.alice, "/people/add")


def test_a_minor_needs_a_guardian_and_only_then_a_picture_is_taken(desk: Desk) -> None:
    ada = desk.newcomer()
    details = {"name": "Katherine Johnson", "minor": "yes"}
    assert desk.charlie.post(f"/people/{ada}/edit", data=details).status_code == 404
    assert desk.bob.post(f"/people/{ada}/edit", data=details).status_code == 303
    assert "a guardian has to agree" in text(desk.bob, f"/people/{ada}")
    form = {"text_id": "2026-1", "given_by": "herself"}
    answer = desk.bob.post(f"/people/{ada}/consent", data=form)
    assert answer.status_code == 400 and "Name the guardian" in answer.text
    assert desk.send(desk.bob, ada, ("a.png", png(RED))).status_code == 409
    form["guardian"] = "Joylette Coleman"
    assert desk.bob.post(f"/people/{ada}/consent", data=form).status_code == 303
    page = text(desk.bob, f"/people/{ada}")
    assert "Joylette Coleman" in page and "recognition; pictures are not kept" in page
    desk.send(desk.bob, ada, ("a.png", png(RED)))
    assert desk.counts(ada) == 1
    assert "Only the template was kept." in text(desk.bob, f"/people/{ada}")


def test_nobody_is_made_a_minor_while_a_consent_names_no_guardian(desk: Desk, ada: Subject) -> None:
    data = {"name": "Ada Lovelace", "minor": "yes"}
    answer = desk.bob.post(f"/people/{ada.subject_id}/edit", data=data)
    assert answer.status_code == 400 and "names no guardian" in answer.text


def test_somebody_is_added_as_a_minor_with_a_guardian(desk: Desk) -> None:
    form = {
        "name": "Mary Jackson",
        "group_id": desk.site.group.group_id,
        "minor": "yes",
        "agreed": "yes",
        "text_id": "2026-1",
    }
    assert "Name the guardian" in desk.bob.post("/people/add", data=form).text
    form["guardian"] = "Ella Winston"
    assert desk.bob.post("/people/add", data=form).status_code == 303
    with desk.site.parts.uow() as uow:
        (mary,) = [one for one in uow.subjects.all() if one.name == "Mary Jackson"]
        (consent,) = uow.consents.of(mary.subject_id)
    assert mary.minor and (consent.given_by, consent.guardian) == ("Ella Winston", "Ella Winston")
    assert consent.language == "en" and consent.retain_until is not None


def test_pictures_alone_can_be_given_up(desk: Desk, ada: Subject) -> None:
    desk.send(desk.bob, ada.subject_id, ("a.png", png(RED)))
    address = f"/people/{ada.subject_id}/consent/crops/withdraw"
    assert "Delete the pictures only" in text(desk.bob, f"/people/{ada.subject_id}")
    assert desk.charlie.post(address).status_code == 404
    assert desk.bob.post(address).status_code == 303
    page = text(desk.bob, f"/people/{ada.subject_id}")
    assert "1 picture was deleted. Its template stays." in page
    assert "Delete the pictures only" not in page and desk.counts(ada.subject_id) == 1
    assert desk.entries(EntryKind.CONSENT)[-1].body["event"] == "crops withdrawn"
    assert "no picture to delete" in desk.bob.post(address, follow_redirects=True).text


def test_a_published_text_is_offered_and_says_its_language(desk: Desk) -> None:
    from rollbook.domain.documents import PaperKind

    papers = desk.site.parts.papers
    draft = papers.draft(PaperKind.GUARDIAN, "de")
    made = papers.publish(PaperKind.GUARDIAN, "de", re.sub(r"\[[^\]]*\]", "x", draft.text), "admin")
    ada = desk.newcomer()
    assert made.document_id in text(desk.bob, f"/people/{ada}")
    form = {"text_id": made.document_id, "given_by": "her mother"}
    assert desk.bob.post(f"/people/{ada}/consent", data=form).status_code == 303
    with desk.site.parts.uow() as uow:
        (consent,) = uow.consents.of(ada)
    assert (consent.text_id, consent.language) == (made.document_id, "de")
