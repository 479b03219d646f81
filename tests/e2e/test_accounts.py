"""Set-up, sign-in and passkeys in Chromium, with a virtual authenticator and a fake camera."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from builders import quick_hasher
from e2e.running import Complaints, chromium, running
from rollbook.bootstrap import App, build
from rollbook.settings import Settings
from rollbook.web.parts import WebOptions
from web.accounts import PASSWORD
from web.school import colour_engine

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(*FAKE_CAMERA) as started:
        yield started


@pytest.fixture
def parts(blank_home: Path, tmp_path: Path) -> Iterator[App]:
    home = Path(shutil.copytree(blank_home, tmp_path / "first" / "home"))
    made = build(Settings(home=home), engine=colour_engine())
    made.hasher = quick_hasher()
    yield made


@pytest.fixture
def base(parts: App) -> Iterator[str]:
    with running(parts, WebOptions(limits=False)) as address:
        yield address.replace("127.0.0.1", "localhost")  # where passkeys are offered


def set_up(page: Page, base: str, parts: App) -> None:
    """Make the first account as a person does."""
    code = parts.setup.begin() or ""
    page.goto(base)
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Your name").fill("Minerva")
    page.get_by_label("Sign-in name").fill("minerva")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page).to_have_url(re.compile("/setup/name$"))


def sign_out(page: Page) -> None:
    page.locator(".menu summary").click()
    page.locator(".menu-body").get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login$"))


def authenticator(context: BrowserContext, page: Page) -> CDPSession:
    """Give the browser a security device that says yes."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def test_set_up_from_the_terminals_code_to_the_camera(
    browser: Browser, base: str, parts: App
) -> None:
    context = browser.new_context(locale="en-GB", permissions=["camera"])
    page = context.new_page()
    complaints = Complaints(page)
    set_up(page, base, parts)
    page.get_by_label("Name of the school or office").fill("Hill School")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("School lesson").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("What is it?").select_option("school")
    page.get_by_label("Where is it?").select_option("eu")
    page.get_by_role("button", name="Show what to think of").click()
    expect(page.get_by_label("No, switch it off altogether")).to_be_checked()
    page.get_by_label("Yes, of people who have agreed").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Switch the camera on").click()
    expect(page.locator(".findings li").first).to_contain_text("face", timeout=20_000)
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("The site is set up.")).to_be_visible()
    assert complaints.taken() == []
    context.close()
    assert parts.site.choices().set_up


def test_a_passkey_is_added_and_signs_in(browser: Browser, base: str, parts: App) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    set_up(page, base, parts)
    authenticator(context, page)
    page.goto(f"{base}/account")
    page.get_by_label("What to call the new one").fill("Blue key")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("The passkey was added.")).to_be_visible()
    expect(page.get_by_text("Blue key")).to_be_visible()
    sign_out(page)
    page.goto(f"{base}/login?next=/account")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{base}/account")
    expect(page.get_by_text("last used", exact=False).first).to_be_visible()
    context.close()


def test_a_passkey_confirms_that_it_is_still_you(browser: Browser, base: str, parts: App) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    set_up(page, base, parts)
    authenticator(context, page)
    page.goto(f"{base}/account")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("The passkey was added.")).to_be_visible()
    page.goto(f"{base}/account/confirm?next=/users/new")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(f"{base}/users/new")
    context.close()


def test_an_unknown_passkey_does_not_sign_in(browser: Browser, base: str, parts: App) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    set_up(page, base, parts)
    device = authenticator(context, page)
    page.goto(f"{base}/account")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("The passkey was added.")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The passkey was removed.")).to_be_visible()
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This passkey is not known here")).to_be_visible()
    device.detach()
    context.close()
