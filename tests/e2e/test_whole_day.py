"""A whole day in Chromium with real faces: from the first start to the export.

One browser is the administrator's; its camera shows somebody who is to be enrolled. The other is
the kiosk's; its camera plays a real clip, in which one person is known and the others are not.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import rollbook
from builders import quick_hasher
from e2e.kiosk_clips import Film, Picture
from e2e.running import CHROMIUM, SWITCHES, Complaints, running
from rollbook.bootstrap import App, build
from rollbook.settings import Settings
from rollbook.storage.database import Database
from rollbook.vision.images import read_image
from rollbook.web.parts import WebOptions

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.model, pytest.mark.faces]

PASSWORD = "three calm green whales"
KNOWN, OTHER, GROUP = "Barack Obama", "Rose Leslie", "5b"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
LONG = 60_000  # milliseconds that the clip may need until the known person has been there


@dataclass
class Day:
    """What one run has: the installation, its address, and the two browsers."""

    parts: App
    base: str
    office: BrowserContext
    door: BrowserContext


def film_of_somebody(picture: Path, file: Path, models: Path) -> None:
    """Write a film for the fake camera in which this person looks into it, and moves a little."""
    engine = rollbook.open_engine(models)
    pixels = read_image(picture)
    box = engine.detect(pixels)[0].box
    side = round(2.2 * max(box.width, box.height))
    padded = cv2.copyMakeBorder(pixels, side, side, side, side, cv2.BORDER_REPLICATE)
    x, y = (round(value) + side for value in box.centre)
    face = padded[y - side // 2 : y + side // 2, x - side // 2 : x + side // 2]
    film = Film(file)
    for step in range(20):
        film.add(_in_frame(np.ascontiguousarray(cv2.resize(face, (480, 480))), step))
    film.close()


def _in_frame(face: Picture, step: int) -> Picture:
    picture = np.full((480, 640, 3), (96, 100, 104), np.uint8)
    left = 80 + step % 4
    picture[:, left : left + 480] = face
    return picture


def film_of_clip(clip: Path, file: Path) -> None:
    """Write the clip as the fake camera plays it, again and again."""
    shape = ["-vf", "fps=15,scale=640:360", "-pix_fmt", "yuv420p", str(file)]
    command = ["ffmpeg", "-loglevel", "error", "-y", "-i", str(clip), "-an", *shape]
    subprocess.run(command, check=True, timeout=120)


@pytest.fixture(scope="module")
def films(
    faces_dir: Path, prepared_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    made = {"office": folder / "office.y4m", "door": folder / "door.y4m"}
    film_of_somebody(people(faces_dir) / "obama" / "obama.jpg", made["office"], prepared_models)
    film_of_clip(faces_dir / "video" / "short_hamilton_clip.mp4", made["door"])
    return made


def people(faces_dir: Path) -> Path:
    return faces_dir / "face_recognition" / "knn_examples" / "train"


@pytest.fixture(scope="module")
def browsers(films: dict[str, Path]) -> Iterator[dict[str, Browser]]:
    with sync_playwright() as playwright:
        started = {}
        for place, film in films.items():
            camera = [
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-video-capture={film}",
            ]
            started[place] = playwright.chromium.launch(
                executable_path=CHROMIUM, args=[*SWITCHES, *camera]
            )
        yield started
        for browser in started.values():
            browser.close()


@pytest.fixture(params=SIZES, ids=str)
def day(
    request: pytest.FixtureRequest, new_home: Path, browsers: dict[str, Browser]
) -> Iterator[Day]:
    width, height = SIZES[request.param]
    url = f"sqlite:///{(new_home / 'rollbook.db').as_posix()}"
    Database.open(url, keys_dir=new_home / "keys", create=True).close()
    parts = build(Settings(home=new_home))
    parts.hasher = quick_hasher()
    with running(parts, WebOptions(limits=False)) as base:
        contexts = [
            browsers[place].new_context(
                locale="en-GB",
                permissions=["camera"],
                viewport={"width": width, "height": height},
            )
            for place in ("office", "door")
        ]
        yield Day(parts, base, *contexts)
        for context in contexts:
            context.close()


def test_a_whole_day(day: Day, faces_dir: Path) -> None:
    page, kiosk = day.office.new_page(), day.door.new_page()
    complaints = [Complaints(page), Complaints(kiosk)]
    set_up(page, day)
    sign_out_and_in(page, day)
    add_group(page, day)
    add_by_camera(page, day)
    add_by_upload(page, day, people(faces_dir) / "rose_leslie" / "img1.jpg")
    session = open_session(page, day)
    board = day.office.new_page()
    board.goto(f"{session}/board")
    expect(board.locator(".missing li[data-person]")).to_have_count(2)
    start_kiosk(page, kiosk, day)
    expect(kiosk.locator("#cards")).to_contain_text(f"Welcome, {KNOWN}", timeout=LONG)
    expect(board.locator(".here li[data-person]")).to_contain_text(KNOWN, timeout=10_000)
    expect(kiosk.locator("#cards")).to_contain_text("Not recognised.", timeout=LONG)
    assert [complaint.taken() for complaint in complaints] == [[], []]
    correct(page, session)
    assert statuses(day) == {KNOWN: "present", OTHER: "excused"}
    names = export(page, day)
    assert KNOWN in names and OTHER in names


def set_up(page: Page, day: Day) -> None:
    """Make the first account and the site, as the terminal's code allows."""
    page.goto(day.base)
    page.get_by_label("Code", exact=True).fill(day.parts.setup.begin() or "")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Your name").fill("Minerva")
    page.get_by_label("Sign-in name").fill("minerva")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_label("Name of the school or office").fill("Hill School")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("School lesson").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("What is it?").select_option("school")
    page.get_by_label("Where is it?").select_option("eu")
    page.get_by_role("button", name="Show what to think of").click()
    page.get_by_label("Yes, of people who have agreed").check()
    page.get_by_role("button", name="Go on").click()
    page.wait_for_load_state()
    page.get_by_role("button", name="Switch the camera on").click()
    expect(page.locator(".findings li").first).to_contain_text("face", timeout=30_000)
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("The site is set up.")).to_be_visible()


def sign_out_and_in(page: Page, day: Day) -> None:
    page.locator(".menu summary").click()
    page.locator(".menu-body").get_by_role("button", name="Sign out").click()
    page.goto(f"{day.base}/login")
    page.get_by_label("Sign-in name or e-mail address").fill("minerva")
    page.get_by_label("Password or one-time code").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".menu summary")).to_contain_text("Minerva")


def add_group(page: Page, day: Day) -> None:
    page.goto(f"{day.base}/groups")
    page.get_by_label("Name").fill(GROUP)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(GROUP)


def fill_person(page: Page, day: Day, name: str) -> None:
    page.goto(f"{day.base}/people/add")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Group").select_option(label=GROUP)
    page.get_by_label("The person agreed").check()
    page.get_by_label("Which text").fill("2026-1")
    page.get_by_label("Who agreed").fill("themself")


def add_by_camera(page: Page, day: Day) -> None:
    """Hold one pose; the others cannot be held by a picture, and are skipped."""
    fill_person(page, day, KNOWN)
    page.get_by_role("button", name="Add, and take pictures").click()
    page.wait_for_load_state()  # until then its script does not listen
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#poses li[data-done=taken]")).to_have_count(1, timeout=40_000)
    save = page.get_by_role("button", name="Save the pictures")
    for _pose in range(4):
        page.get_by_role("button", name="Skip this pose").click()
    save.click()
    expect(page.get_by_text("1 picture was added.")).to_be_visible(timeout=20_000)


def add_by_upload(page: Page, day: Day, picture: Path) -> None:
    fill_person(page, day, OTHER)
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator("input[type=file]").set_input_files(picture)
    page.get_by_role("button", name="Add these pictures").click()
    expect(page.get_by_text("1 picture was added.")).to_be_visible(timeout=20_000)


def open_session(page: Page, day: Day) -> str:
    """Open a session of the group now; return its address."""
    page.goto(f"{day.base}/sessions/new")
    page.get_by_label("Group").select_option(label=GROUP)
    page.get_by_label("Title").fill("Mathematics")
    page.get_by_role("button", name="Open the session").click()
    expect(page).to_have_url(re.compile("/sessions/[0-9a-f]{32}$"))
    return page.url


def start_kiosk(page: Page, kiosk: Page, day: Day) -> None:
    page.goto(f"{day.base}/devices/new")
    page.get_by_label("Name").fill("Door")
    page.get_by_role("button", name="Add, and show its code").click()
    code = page.locator("code.figure").inner_text()
    kiosk.goto(f"{day.base}/kiosk/pair")
    kiosk.get_by_label("One-time code").fill(code)
    kiosk.get_by_role("button", name="Make this device a kiosk").click()
    expect(kiosk.locator("#session")).to_contain_text("Mathematics", timeout=20_000)


def correct(page: Page, session: str) -> None:
    """Excuse who did not come, in the register, and see why in the history."""
    page.goto(f"{session}/register")
    row = page.locator(f"#people li[data-name='{OTHER}']")
    row.get_by_label("excused", exact=True).check()
    expect(page.locator("#save-state")).to_contain_text("saved", timeout=10_000)
    row.locator("a.name").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(OTHER)
    expect(page.get_by_text("set by a person").first).to_be_visible()


def statuses(day: Day) -> dict[str, str]:
    with day.parts.uow() as uow:
        names = {person.subject_id: person.name for person in uow.subjects.all()}
        [session] = uow.sessions.all()
    records = day.parts.register.records(session.session_id)
    return {names[record.subject_id]: record.status.value for record in records}


def export(page: Page, day: Day) -> str:
    """Fetch the month's register as CSV; return what is in it."""
    page.goto(f"{day.base}/exports")
    page.locator("#f-format").select_option("csv")
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Export", exact=True).click()
    return fetched.value.path().read_text(encoding="utf-8")
