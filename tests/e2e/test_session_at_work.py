"""The session at work in Chromium: boards that follow, the register by keyboard, photographs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.running import Complaints, chromium, running, sign_in_context
from intake import TERMS, Intake, portrait, shade
from kiosk_bench import save_colour_calibration
from rollbook.domain.attendance import Method, Status
from rollbook.domain.statements import Change
from rollbook.services.enrol import Enrolee
from rollbook.services.samples import Picture
from rollbook.testing import BLUE, GREEN, RED, face_at, paint, picture
from rollbook.vision.images import encode_jpeg
from web.school import Site, make_site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WITHIN = 2000  # milliseconds until a board shows what somebody else wrote


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def school(book: Path) -> Iterator[Site]:
    save_colour_calibration(book)
    yield make_site(book)  # the server closes it


@pytest.fixture
def base(school: Site) -> Iterator[str]:
    with running(school.parts) as address:
        yield address


def opened(browser: Browser, base: str, school: Site, login: str, path: str) -> Page:
    context = browser.new_context(locale="en-GB")
    sign_in_context(context, base, sign_in(school, login))
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{base}{path}")
    return page


def own(school: Site, tail: str) -> str:
    return f"/sessions/{school.session.session_id}/{tail}"


def statuses(school: Site) -> str:
    records = school.parts.register.records(school.session.session_id)
    found = {record.subject_id: record.status.value[0] for record in records}
    return "".join(found[person.subject_id] for person in school.people)


def until(school: Site, wanted: str) -> None:
    """Wait until the register says this of the three people."""
    end = time.monotonic() + 10
    while statuses(school) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert statuses(school) == wanted


def test_a_board_follows_what_another_browser_writes(
    browser: Browser, base: str, school: Site
) -> None:
    board = opened(browser, base, school, "dora", own(school, "board"))
    complaints = Complaints(board)
    expect(board.locator("#live")).to_have_class("live on")
    other = opened(browser, base, school, "bob", own(school, "register"))
    other.get_by_role("group", name="Status of Alan Turing").get_by_role(
        "radio", name="late"
    ).click()
    here = board.locator(".board-part.here")
    expect(here).to_contain_text("Alan Turing", timeout=WITHIN)
    expect(here).to_contain_text("late")
    expect(board.locator(".board-part.missing")).not_to_contain_text("Alan Turing")
    expect(board.locator("#say")).to_contain_text("Alan Turing is here: late")
    assert complaints.taken() == []
    board.context.close()
    other.context.close()


def test_the_board_of_all_sessions_follows_and_survives_a_lost_network(
    browser: Browser, base: str, school: Site
) -> None:
    board = opened(browser, base, school, "bob", "/board")
    expect(board.locator("#live")).to_have_class("live on")
    board.context.set_offline(True)
    board.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(board.locator("#live")).to_have_class("live lost")
    board.context.set_offline(False)
    change = Change(school.ada.subject_id, Status.PRESENT)
    school.parts.corrections.set(school.session.session_id, [change], "faculty x")
    expect(board.locator(".board-sessions")).to_contain_text("1 of 3 here", timeout=15_000)
    expect(board.locator("#live")).to_have_class("live on", timeout=15_000)
    board.context.close()


def test_the_register_is_taken_by_keyboard_alone(browser: Browser, base: str, school: Site) -> None:
    page = opened(browser, base, school, "bob", own(school, "register"))
    complaints = Complaints(page)
    page.keyboard.press("Shift+P")
    until(school, "ppp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("l")
    until(school, "plp")
    page.keyboard.press("r")
    page.keyboard.type("the bus")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    until(school, "pla")
    expect(page.locator("#undo-what")).to_contain_text("Grace Hopper: absent")
    page.keyboard.press("u")
    until(school, "plp")
    expect(page.locator("[data-count=absent]")).to_contain_text("0")
    reasons = [r.reason for r in school.parts.register.records(school.session.session_id)]
    assert "the bus" in reasons
    assert complaints.taken() == []
    page.context.close()


HOLD_ANSWERS = """window.held = [];
const ask = window.fetch;
window.fetch = async (...words) => {
  const answer = await ask(...words);
  await new Promise((go) => window.held.push(go));
  return answer;
};"""
LET_ONE_IN = """async () => {
  while (!window.held.length) await new Promise(requestAnimationFrame);
  window.held.shift()();
}"""


def test_a_late_answer_takes_back_no_later_choice(
    browser: Browser, base: str, school: Site
) -> None:
    page = opened(browser, base, school, "bob", own(school, "register"))
    page.add_init_script(HOLD_ANSWERS)
    page.reload()
    page.keyboard.press("Shift+P")
    until(school, "ppp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("l")
    page.evaluate(LET_ONE_IN)  # "present" for all, older than "late"
    until(school, "plp")
    alan = page.get_by_role("group", name="Status of Alan Turing")
    expect(alan.get_by_role("radio", name="late")).to_be_checked()
    page.keyboard.press("r")
    page.keyboard.type("the bus")
    page.keyboard.press("Enter")
    page.evaluate(LET_ONE_IN)  # "late" without a reason
    page.evaluate(LET_ONE_IN)
    expect(page.locator("#save-state")).to_contain_text("Everything is saved")
    expect(page.locator(".person", has_text="Alan Turing").locator(".remark input")).to_have_value(
        "the bus"
    )
    found = {r.subject_id: r for r in school.parts.register.records(school.session.session_id)}
    late = found[school.people[1].subject_id]
    assert (late.status, late.reason) == (Status.LATE, "the bus")
    page.context.close()


def test_a_reason_is_kept_that_was_typed_before_the_network_came_back(
    browser: Browser, base: str, school: Site
) -> None:
    page = opened(browser, base, school, "bob", own(school, "register"))
    page.context.set_offline(True)
    page.keyboard.press("l")
    page.keyboard.press("r")
    page.keyboard.type("the bus")
    page.keyboard.press("Enter")
    expect(page.locator("#save-state")).to_contain_text("No connection")
    page.context.set_offline(False)
    expect(page.locator("#save-state")).to_contain_text("Everything is saved", timeout=15_000)
    (ada, *_others) = school.parts.register.records(school.session.session_id)
    assert (ada.status, ada.reason) == (Status.LATE, "the bus")
    page.context.close()


def test_the_arrows_move_and_choose_nothing(browser: Browser, base: str, school: Site) -> None:
    page = opened(browser, base, school, "bob", own(school, "register"))
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    assert school.parts.register.marks(school.session.session_id) == []
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    until(school, "olo")
    page.context.close()


def test_changes_wait_for_the_network_and_are_sent_then(
    browser: Browser, base: str, school: Site
) -> None:
    page = opened(browser, base, school, "bob", own(school, "register"))
    page.context.set_offline(True)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("l")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    expect(page.locator("#save-state")).to_contain_text("No connection")
    assert school.parts.register.marks(school.session.session_id) == []
    page.context.set_offline(False)
    until(school, "lao")
    expect(page.locator("#save-state")).to_contain_text("Everything is saved")
    assert len(school.parts.register.marks(school.session.session_id)) == 2
    page.context.close()


def test_two_teachers_see_each_other_and_lose_nothing(
    browser: Browser, base: str, school: Site
) -> None:
    first = opened(browser, base, school, "bob", own(school, "register"))
    second = opened(browser, base, school, "alice", own(school, "register"))
    first.get_by_role("group", name="Status of Ada Lovelace").get_by_role(
        "radio", name="excused"
    ).click()
    until(school, "eoo")
    second.get_by_role("group", name="Status of Ada Lovelace").get_by_role(
        "radio", name="absent"
    ).click()
    row = second.locator(".person", has_text="Ada Lovelace")
    expect(row.locator(".row-state")).to_contain_text("Somebody else changed this")
    expect(row.get_by_role("radio", name="excused")).to_be_checked()
    assert statuses(school) == "eoo"
    second.get_by_role("button", name="Set my entry all the same").click()
    until(school, "aoo")
    first.context.close()
    second.context.close()


def test_a_class_photograph_is_looked_at_and_confirmed(
    browser: Browser, base: str, school: Site, tmp_path: Path
) -> None:
    _enrol(school)
    file = tmp_path / "class.jpg"
    pixels = picture()
    for index, colour in enumerate((RED, BLUE)):
        paint(pixels, face_at(80 + 200 * index, 150, 120), colour, grain=20)
    file.write_bytes(encode_jpeg(pixels, 100))
    page = opened(browser, base, school, "bob", own(school, "photo"))
    complaints = Complaints(page)
    page.set_input_files("#f-photos", file)
    expect(page.locator("#chosen")).to_contain_text("class.jpg")
    page.get_by_role("button", name="Look who is there").click()
    expect(page.locator(".face.named text")).to_have_text("1 Ada")
    photo = page.locator(".photo img").first
    expect(photo).to_have_js_property("complete", True)
    assert photo.evaluate("shown => shown.naturalWidth") > 0
    page.get_by_label("Who is face 2?").select_option(label="Grace Hopper")
    page.get_by_role("button", name="Write these marks").click()
    expect(page.locator(".notice")).to_contain_text("2 people were marked")
    methods = [m.method for m in school.parts.register.marks(school.session.session_id)]
    assert methods == [Method.PHOTO, Method.HAND]
    assert complaints.taken() == []
    page.context.close()


def _enrol(school: Site) -> None:
    intake = Intake(school.parts.uow)
    for person, colour in zip(school.people, (RED, GREEN), strict=False):
        consent = TERMS.consent_of(person.subject_id, school.clock.now())
        shots = [Picture(f"{person.name} {n}", f"{n}", portrait(shade(colour, n))) for n in (0, 5)]
        intake.enroller.enrol(Enrolee(person, consent, is_new=False), shots)
