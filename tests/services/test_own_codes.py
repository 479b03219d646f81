"""People's codes at a kiosk: read, used once, revoked; and PINs typed there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import segno

from builders import make_class
from kiosk_bench import KioskBench
from rollbook.domain.attendance import Method
from rollbook.domain.codes import phone_text, read_code
from rollbook.domain.kiosk_answers import Notice, Said
from rollbook.domain.kiosks import CredentialKind
from rollbook.testing import RED, picture
from rollbook.vision.images import encode_jpeg

STAFF = "faculty 1"


@pytest.fixture
def bench(book: Path) -> Iterator[KioskBench]:
    made = KioskBench(book)
    yield made
    made.close()


@pytest.fixture
def strict(book: Path) -> Iterator[KioskBench]:
    """Return a bench whose kiosk wants a PIN beside the face."""
    made = KioskBench(book, needs_pin=True)
    yield made
    made.close()


def read(bench: KioskBench, text: str, **more: object) -> Said:
    answer = bench.desk.read(bench.device, text, **more)  # type: ignore[arg-type]
    assert answer.code is not None
    return answer.code


def held(text: str) -> bytes:
    """Return a picture in which somebody holds this code before the camera."""
    pixels = picture()
    for y, row in enumerate(segno.make(text, error="m").matrix_iter(scale=6, border=4)):
        for x, dark in enumerate(row):
            pixels[60 + y, 200 + x] = 0 if dark else 255
    return encode_jpeg(pixels, 70)


def card_of(bench: KioskBench, name: str) -> str:
    return bench.parts.own_codes.cards([bench.id_of(name)], STAFF)[0].text


def test_a_card_marks_its_person_and_then_says_so(bench: KioskBench) -> None:
    card = card_of(bench, "Grace Hopper")
    assert read(bench, card) == Said(Notice.MARKED, "Grace Hopper")
    bench.clock.advance(80)
    assert read(bench, card) == Said(Notice.ALREADY, "Grace Hopper")
    (mark,) = bench.marks()
    assert (mark.method, mark.by) == (Method.QR, "qr")
    assert card_of(bench, "Grace Hopper") == card, "printed again it is the same"


def test_a_revoked_card_opens_nothing_and_the_next_one_is_another(bench: KioskBench) -> None:
    card, grace = card_of(bench, "Grace Hopper"), bench.id_of("Grace Hopper")
    assert bench.parts.own_codes.revoke(grace, CredentialKind.CARD, STAFF)
    assert read(bench, card) == Said(Notice.CODE_UNKNOWN)
    assert read(bench, card_of(bench, "Grace Hopper")).notice is Notice.MARKED
    assert not bench.parts.own_codes.revoke(grace, CredentialKind.PHONE, STAFF)


def test_a_phones_code_holds_for_this_step_and_the_one_before(bench: KioskBench) -> None:
    grace = bench.id_of("Grace Hopper")
    first = bench.parts.own_codes.phone(grace)
    assert 0 < first.seconds_left <= 30
    bench.clock.advance(31)
    assert bench.parts.own_codes.phone(grace).text != first.text
    assert bench.parts.own_codes.of_text(first.text) is not None
    bench.clock.advance(31)
    assert read(bench, first.text) == Said(Notice.CODE_UNKNOWN)
    assert bench.marks() == []


def test_a_code_of_the_future_is_none(bench: KioskBench) -> None:
    with bench.parts.uow() as uow:
        bench.parts.own_codes.phone(bench.id_of("Grace Hopper"))
        kept = uow.credentials.of(bench.id_of("Grace Hopper"))[CredentialKind.PHONE]
    bench.clock.advance(40)
    ahead = phone_text(kept.lookup or "", kept.secret, bench.clock.now())
    bench.clock.advance(-40)
    assert read(bench, ahead) == Said(Notice.CODE_UNKNOWN)


def test_a_phones_code_is_used_once_in_a_session(bench: KioskBench) -> None:
    text = bench.parts.own_codes.phone(bench.id_of("Grace Hopper")).text
    other, _ = bench.add_device("Hall")
    assert read(bench, text).notice is Notice.MARKED
    assert read(bench, text).notice is Notice.MARKED, "held still before the camera"
    copied = bench.desk.read(other, text).code
    assert copied == Said(Notice.CODE_USED)
    choir = bench.open_session(bench.group.group_id, "Choir")
    bench.clock.advance(2)
    again = bench.desk.read(bench.device, text, choir.session_id).code
    assert again is not None and again.notice is Notice.MARKED
    assert len(bench.marks()) == 1


def test_a_changed_or_foreign_code_is_nobodys(bench: KioskBench) -> None:
    card = card_of(bench, "Grace Hopper")
    ada = card_of(bench, "Ada Lovelace")
    mixed = ":".join([*card.split(":")[:3], ada.split(":")[3]])
    as_phone = card.replace(":C:", ":P:")
    for text in ("", "https://example.org", mixed, as_phone, card + "A", card.lower()):
        assert read(bench, text) == Said(Notice.CODE_UNKNOWN)
    assert bench.marks() == []


def test_who_is_not_on_the_roster_is_told_so(bench: KioskBench) -> None:
    _, people = make_class(bench.parts.uow, ["Edsger Dijkstra"], "6a")
    stranger = people[0].subject_id
    card = bench.parts.own_codes.cards([stranger], STAFF)[0].text
    assert read(bench, card) == Said(Notice.NOT_ON_ROSTER)
    bench.parts.pins.set(stranger, "270316", STAFF)
    said = bench.desk.mark_by_pin(bench.device, stranger, "270316")
    assert said == Said(Notice.NOT_ON_ROSTER) and bench.marks() == []


def test_who_was_erased_has_no_code_any_more(bench: KioskBench) -> None:
    card = card_of(bench, "Grace Hopper")
    with bench.parts.uow() as uow:
        uow.subjects.remove(bench.id_of("Grace Hopper"))
        uow.commit()
    assert read(bench, card) == Said(Notice.CODE_UNKNOWN)


def test_codes_and_their_representation_hide_the_secret(bench: KioskBench) -> None:
    card = bench.parts.own_codes.cards([bench.id_of("Ada Lovelace")], STAFF)[0]
    assert card.text not in repr(card)
    assert card.text.split(":")[3] not in repr(read_code(card.text))


def test_the_kiosks_camera_reads_a_card_beside_a_face(bench: KioskBench) -> None:
    jpeg = held(card_of(bench, "Grace Hopper"))
    said = [bench.desk.see(bench.device, jpeg).code for _ in range(2)]
    assert Said(Notice.MARKED, "Grace Hopper") in said
    asked = bench.desk.see(bench.device, jpeg, find_code=True).code
    assert asked == Said(Notice.MARKED, "Grace Hopper") and len(bench.marks()) == 1


def test_a_foreign_code_in_the_picture_is_no_matter_unless_one_is_waited_for(
    bench: KioskBench,
) -> None:
    jpeg = held("https://example.org/on-a-shirt")
    assert [bench.desk.see(bench.device, jpeg).code for _ in range(4)] == [None] * 4
    asked = bench.desk.see(bench.device, jpeg, find_code=True).code
    assert asked == Said(Notice.CODE_UNKNOWN)


def test_at_most_ten_names_are_shown_and_two_letters_are_asked_for(bench: KioskBench) -> None:
    group, _ = make_class(bench.parts.uow, [f"Anna Bell {n:02}" for n in range(15)], "7c")
    bench.parts.register.close_session(bench.session.session_id)
    bench.open_session(group.group_id)
    bench.clock.advance(2)
    assert bench.desk.find(bench.device, "a").too_short
    assert bench.desk.find(bench.device, " a. ").too_short
    found = bench.desk.find(bench.device, "AB")
    assert len(found.people) == 10 and found.more
    assert bench.desk.find(bench.device, "lo").people == (), "nobody of another group"


def test_reading_out_a_roster_name_by_name_is_slow(bench: KioskBench) -> None:
    waits = []
    for first in "abcdefgh":
        for second in "abcdefghij":
            waits.append(bench.desk.find(bench.device, first + second).wait_seconds)
            bench.clock.advance(1)
    assert waits[30] == 0 and max(waits) >= 16 and waits.count(0.0) <= 46
    bench.clock.advance(max(waits))
    bench.parts.pins.set(bench.id_of("Ada Lovelace"), "270316", STAFF)
    bench.desk.mark_by_pin(bench.device, bench.id_of("Ada Lovelace"), "270316")
    assert bench.desk.find(bench.device, "gr").people, "a right PIN forgives"


def test_a_pin_marks_and_a_wrong_one_does_not(bench: KioskBench) -> None:
    grace = bench.id_of("Grace Hopper")
    (found,) = bench.desk.find(bench.device, "gh").people
    assert found == (grace, "Grace Hopper")
    assert bench.desk.mark_by_pin(bench.device, grace, "1").notice is Notice.PIN_MISSING
    bench.parts.pins.set(grace, "270316", STAFF)
    assert bench.desk.mark_by_pin(bench.device, grace, "270317") == Said(Notice.PIN_WRONG)
    assert bench.marks() == []
    said = bench.desk.mark_by_pin(bench.device, grace, "270316")
    assert said == Said(Notice.MARKED, "Grace Hopper")
    (mark,) = bench.marks()
    assert (mark.method, mark.by, mark.camera_id) == (Method.PIN, "pin", bench.device.device_id)


def test_where_both_are_asked_for_a_face_alone_marks_nobody(strict: KioskBench) -> None:
    ada = strict.id_of("Ada Lovelace")
    strict.parts.pins.set(ada, "270316", STAFF)
    (said,) = strict.watch(RED)
    assert (said.notice, said.name) == (Notice.PIN_NEEDED, "Ada Lovelace") and said.claim
    assert strict.marks() == []
    assert strict.desk.finish(strict.device, said.claim, "270317").notice is Notice.PIN_WRONG
    assert strict.desk.finish(strict.device, "0" * 32, "270316").notice is Notice.CLAIM_OVER
    assert strict.marks() == []
    done = strict.desk.finish(strict.device, said.claim, "270316")
    assert done == Said(Notice.MARKED, "Ada Lovelace")
    (mark,) = strict.marks()
    assert mark.method is Method.FACE and mark.evidence is not None
    assert strict.see(RED).faces[0].said == done
    assert strict.desk.finish(strict.device, said.claim, "270316").notice is Notice.CLAIM_OVER
    strict.watch(pictures=12)
    assert strict.watch(RED) == [Said(Notice.ALREADY, "Ada Lovelace")], "no PIN for nothing"


def test_where_both_are_asked_for_a_code_alone_marks_nobody_either(strict: KioskBench) -> None:
    strict.parts.pins.set(strict.id_of("Grace Hopper"), "270316", STAFF)
    said = read(strict, card_of(strict, "Grace Hopper"))
    assert said.notice is Notice.PIN_NEEDED and strict.marks() == []
    assert strict.desk.finish(strict.device, said.claim, "270316").notice is Notice.MARKED


def test_who_waits_too_long_with_the_pin_looks_again(strict: KioskBench) -> None:
    strict.parts.pins.set(strict.id_of("Ada Lovelace"), "270316", STAFF)
    (said,) = strict.watch(RED)
    strict.clock.advance(60)
    assert strict.desk.finish(strict.device, said.claim, "270316").notice is Notice.CLAIM_OVER


def test_a_claim_of_one_kiosk_is_none_at_another(strict: KioskBench) -> None:
    strict.parts.pins.set(strict.id_of("Ada Lovelace"), "270316", STAFF)
    (said,) = strict.watch(RED)
    other, _ = strict.add_device("Hall", needs_pin=True)
    assert strict.desk.finish(other, said.claim, "270316").notice is Notice.CLAIM_OVER
