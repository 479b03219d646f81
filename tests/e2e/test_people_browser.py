"""Adding pictures in Chromium: the guided camera with a face of the public domain, and dropping."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Page, expect

from e2e.kiosk_clips import Film, wall
from e2e.running import Complaints, chromium, running, sign_in_context
from intake import TERMS
from rollbook.bootstrap import build
from rollbook.settings import Settings
from rollbook.vision.demo_clip import portrait
from rollbook.vision.images import encode_jpeg
from web.school import Site, make_site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.model]

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
LONG = 60_000  # milliseconds; the networks are opened at the first frame


@pytest.fixture
def school(book: Path, prepared_models: Path) -> Iterator[Site]:
    (book / "models").symlink_to(prepared_models, target_is_directory=True)
    made = make_site(book)
    made.parts.database.close()
    made.parts = build(Settings(home=book))  # with the real networks and the real time
    made.clock.at = made.parts.clock.now()
    made.parts.consenting.record(made.ada.subject_id, TERMS)
    yield made


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Return a clip in which first nobody and then somebody looks into the camera."""
    file = tmp_path / "film.y4m"
    film = Film(file)
    face = cv2.resize(portrait(), (480, 480), interpolation=cv2.INTER_AREA)
    for number in range(60):
        picture = wall(number)
        if number >= 15:
            picture[:, 80:560] = face
        film.add(picture)
    film.close()
    return file


def open_page(browser: object, base: str, school: Site, path: str, **context: object) -> Page:
    made = browser.new_context(locale="en-GB", **context)  # type: ignore[attr-defined]
    sign_in_context(made, base, sign_in(school, "bob"))
    page: Page = made.new_page()
    page.set_default_timeout(LONG)
    page.goto(f"{base}{path}")
    return page


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["desktop", "phone"])
def test_pictures_are_taken_with_guidance_and_saved(
    school: Site, film: Path, size: tuple[int, int]
) -> None:
    path = f"/people/{school.ada.subject_id}/camera"
    shape = {"viewport": {"width": size[0], "height": size[1]}}
    with (
        running(school.parts) as base,
        chromium(*CAMERA, f"--use-file-for-fake-video-capture={film}") as browser,
    ):
        page = open_page(browser, base, school, path, **shape)
        complaints = Complaints(page)
        page.get_by_role("button", name="Start the camera").click()
        hint = page.locator("#hint")
        expect(hint).to_contain_text("No face was found", timeout=LONG)
        expect(page.locator("#poses li").first).to_have_attribute(
            "data-done", "taken", timeout=LONG
        )
        expect(hint).to_contain_text("Turn your head a little to your left", timeout=LONG)
        for number in range(1, 5):
            page.get_by_role("button", name="Skip this pose").click()
            done = page.locator("#poses li").nth(number)
            expect(done).to_have_attribute("data-done", "skipped", timeout=LONG)
        expect(page.get_by_role("button", name="Save the pictures")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#outcome")).to_contain_text("1 picture was added.", timeout=LONG)
        expect(page.locator(".samples img")).to_have_js_property("complete", True)
        assert page.locator(".samples img").evaluate("image => image.naturalWidth") > 100
        assert complaints.taken() == []


DROP = """async ([selector, data]) => {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "dropped.jpg", { type: "image/jpeg" }));
  const target = document.querySelector(selector);
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const given = { dataTransfer: transfer, bubbles: true, cancelable: true };
    target.dispatchEvent(new DragEvent(kind, given));
  }
}"""


def test_a_picture_is_dropped_and_a_person_who_looks_the_same_is_asked_about(school: Site) -> None:
    data = base64.b64encode(encode_jpeg(portrait())).decode()
    other = base64.b64encode(encode_jpeg(portrait(), 80)).decode()
    alan = school.people[1].subject_id
    school.parts.consenting.record(alan, TERMS)
    with running(school.parts) as base, chromium() as browser:
        page = open_page(browser, base, school, f"/people/{school.ada.subject_id}")
        complaints = Complaints(page)
        page.evaluate(DROP, ["#upload", data])
        expect(page.locator("#outcome")).to_contain_text("1 picture was added.", timeout=LONG)
        page.goto(f"{base}/people/{alan}")
        page.evaluate(DROP, ["#upload", other])
        said = page.locator(".upload-said")
        expect(said).to_contain_text("This face looks like Ada Lovelace", timeout=LONG)
        said.get_by_role("button", name="It is another person").click()
        expect(page.locator("#outcome")).to_contain_text("1 picture was added.", timeout=LONG)
        assert complaints.taken() == []
