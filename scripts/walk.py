"""Look at every page: pictures of all pages of all roles, light and dark, large and on a phone.

    python scripts/walk.py FOLDER [--role alice] [--page /people] [--language de] [--width 1000]

Needs a checkout with the tests' packages and Chromium. Each picture shows one page four times:
at 1280 and 390 pixels, light and dark. The school in it is invented.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

from playwright.sync_api import Browser, Error, Page  # noqa: E402

from e2e.running import chromium, running, sign_in_context  # noqa: E402
from rollbook.storage.database import Database  # noqa: E402
from rollbook.web.app import create_app  # noqa: E402
from rollbook.web.parts import WebOptions  # noqa: E402
from web.full_school import make_full_site  # noqa: E402
from web.pages import ROLES, addresses  # noqa: E402
from web.school import Site, sign_in  # noqa: E402

SIZES = {"wide": (1280, 800), "phone": (390, 844)}
TALLEST = 2200  # pixels of a page that are shown
GAP = 10
SMALLER = 0.6  # the wide page is shown so much smaller
OPTIONS = WebOptions(limits=False, pseudo=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--role", choices=[str(role) for role in ROLES])
    parser.add_argument("--page", default="", help="only addresses that hold this")
    parser.add_argument("--language", default="en")
    asked = parser.parse_args()
    if asked.folder.resolve().is_relative_to(PROJECT):
        sys.exit("Choose a folder outside of the checkout.")
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        site = make_full_site(blank_home(Path(folder) / "home"))
        with running(site.parts, OPTIONS) as base, chromium() as browser:
            walk(site, base, browser, asked)


def blank_home(home: Path) -> Path:
    url = f"sqlite:///{(home / 'rollbook.db').as_posix()}"
    Database.open(url, keys_dir=home / "keys", create=True).close()
    return home


def walk(site: Site, base: str, browser: Browser, asked: argparse.Namespace) -> None:
    app = create_app(site.parts, OPTIONS)
    for login in ROLES:
        if asked.role not in {None, str(login)}:
            continue
        token = sign_in(site, login) if login else None
        context = browser.new_context(locale=asked.language)
        sign_in_context(context, base, token)
        page = context.new_page()
        shown = [address for address in addresses(app, site, login) if asked.page in address]
        for number, address in enumerate(shown, 1):
            shot(page, base, address, asked.folder / f"{login}-{number:02}{slug(address)}.png")
        context.close()


def slug(address: str) -> str:
    short = re.sub(r"[0-9a-f]{32}", "X", address)
    return re.sub(r"[^\w]+", "-", short).rstrip("-") or "-first"


def shot(page: Page, base: str, address: str, file: Path) -> None:
    """Write one picture with the page's four looks; say where one is no page."""
    try:
        looks = list(four_looks(page, base + address))
    except (Error, ValueError) as error:
        print(f"{address}: {str(error).splitlines()[0]}")
        return
    sheet = together(*looks)
    sheet.save(file)
    print(file.name)


def together(light: Image.Image, dark: Image.Image, *phones: Image.Image) -> Image.Image:
    """Return one picture: the two wide looks above each other, those of the phone beside them."""
    tall = max(light.height + dark.height + GAP, *(phone.height for phone in phones))
    sheet = Image.new("RGB", (light.width + sum(p.width + GAP for p in phones), tall), "#888")
    sheet.paste(light, (0, 0))
    sheet.paste(dark, (0, light.height + GAP))
    left = light.width + GAP
    for phone in phones:
        sheet.paste(phone, (left, 0))
        left += phone.width + GAP
    return sheet


def four_looks(page: Page, url: str) -> Iterator[Image.Image]:
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="light")
        answer = page.goto(url, wait_until="load", timeout=10_000)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            raise ValueError("no page")
        if answer.status != 200:
            raise ValueError(f"answers {answer.status}")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            look = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
            look = look.crop((0, 0, look.width, min(look.height, TALLEST)))
            yield look.resize(_scaled(look)) if size == "wide" else look


def _scaled(look: Image.Image) -> tuple[int, int]:
    return round(look.width * SMALLER), round(look.height * SMALLER)


if __name__ == "__main__":
    main()
