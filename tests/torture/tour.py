"""What is done in the rooms of `outbound.py`: a school is served, looked at, and used by command.

`python -m torture.tour serve|look|type FOLDER [MOST]`. Server and browser are in rooms of their
own; a socket in the folder, which is no network, brings the browser's connections to the server.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from torture.frame import child_environment, new_home, program

PATIENCE = 180.0  # seconds that one side waits for the other
PROBE = "probe-of-the-browser.example"  # looked up at the end, to see that it would be heard
INSIDE = ("data:", "blob:", "chrome:", "chrome-extension:")  # the last two: its viewer of PDFs
FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
MONTH = ("--month", "2026-03")


# -- from one room to the other ---------------------------------------------------------------


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # either side may hang up
    finally:
        writer.close()


def carry(folder: Path, port: int, *, out_of: str) -> None:
    """Carry connections between the folder's socket and this port, in a thread of its own."""
    line = str(folder / "line")

    async def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if out_of == "browser":
            there = await asyncio.open_unix_connection(line)
        else:
            there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))

    async def work() -> None:
        if out_of == "browser":
            server = await asyncio.start_server(arrived, "127.0.0.1", port)
        else:
            server = await asyncio.start_unix_server(arrived, line)
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(work()), daemon=True).start()


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(file.name)
        time.sleep(0.1)


def _tell(file: Path, what: Any) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(what), encoding="utf-8")
    part.rename(file)


# -- the three tours --------------------------------------------------------------------------


def serve(folder: Path, most: int) -> None:
    """Serve a school with something on each page until the browser has seen it."""
    from e2e.running import running
    from rollbook.services.devices import DevicePlan, Paired
    from rollbook.web.app import create_app
    from rollbook.web.kiosk.cookie import cookie_name
    from rollbook.web.parts import WebOptions
    from web.full_school import make_full_site
    from web.pages import ROLES, addresses
    from web.school import sign_in

    options = WebOptions(limits=False)
    site = make_full_site(new_home(folder / "home"))
    app = create_app(site.parts, options)
    pairing = site.parts.devices.add(DevicePlan("Door"), "administrator 0")
    paired = site.parts.devices.pair(pairing.code, place="here")
    assert isinstance(paired, Paired)
    tours = [
        {
            "cookie": {"name": "rollbook", "value": sign_in(site, login)} if login else None,
            "pages": addresses(app, site, login)[:most],
        }
        for login in ROLES
    ]
    kiosk = {"name": cookie_name(options), "value": paired.key}
    tours.append({"cookie": kiosk, "pages": ["/kiosk"]})
    with running(site.parts, options) as base:
        port = int(base.rpartition(":")[2])
        carry(folder, port, out_of="server")
        _tell(folder / "served", {"port": port, "tours": tours})
        _wait_for_end(folder)


def _wait_for_end(folder: Path) -> None:
    while not (folder / "looked").exists() and not (folder / "over").exists():
        time.sleep(0.2)


def look(folder: Path, most: int) -> None:
    """Look at every page as everybody, and say how many, and who else was asked for something."""
    from e2e.running import chromium

    _wait_for(folder / "served")
    served = json.loads((folder / "served").read_text(encoding="utf-8"))
    carry(folder, served["port"], out_of="browser")
    base, said = f"http://127.0.0.1:{served['port']}", {"pages": 0, "requests": 0}
    elsewhere: list[str] = []
    with chromium(*FAKE_CAMERA) as browser:
        for tour in served["tours"]:
            context = browser.new_context(locale="en", permissions=["camera"])
            if tour["cookie"]:
                context.add_cookies([{**tour["cookie"], "url": base}])
            _visit(context, base, tour["pages"], said, elsewhere)
            context.close()
        _ask_elsewhere(browser)
    _tell(folder / "looked", {**said, "elsewhere": elsewhere})


def _visit(
    context: Any, base: str, pages: list[str], said: dict[str, int], elsewhere: list[str]
) -> None:
    from playwright.sync_api import Error

    def requested(request: Any) -> None:
        said["requests"] += 1
        if not request.url.startswith((f"{base}/", *INSIDE)):
            elsewhere.append(request.url)

    page = context.new_page()
    page.on("request", requested)
    for path in pages:
        try:
            page.goto(base + path, wait_until="load", timeout=20_000)
        except Error as error:  # a download, or an answer that never ends
            if "Download" not in str(error) and "Timeout" not in str(error):
                if "ERR_ABORTED" not in str(error):
                    raise
        said["pages"] += 1


def _ask_elsewhere(browser: Any) -> None:
    """Ask somebody else for something, so that the listener can be seen to hear this browser.

    Not by going there: for its page of errors Chromium asks more by itself.
    """
    browser.new_page().evaluate(f"fetch('http://{PROBE}/').catch(() => 0)")


COMMANDS = (
    ("init", "--time-zone", "Europe/Berlin", "--site-name", "Hill School"),
    ("doctor",),
    ("keys", "status"),
    ("verify",),
    ("purge",),
    ("person", "add", "Grace Hopper"),
    ("group", "add", "5b"),
    ("backup", "{folder}/copies"),
    ("backup", "{folder}/copies", "--list"),
    ("keys", "where"),
    ("anchor",),
    ("export", *MONTH, "--format", "csv"),
    ("export", *MONTH, "--format", "xlsx"),
    ("export", *MONTH, "--format", "pdf", "--encrypt"),
    ("keys", "rotate"),
    ("demo",),
    ("demo", "--school", "--people", "20"),
    ("doctor", "--json"),
    ("bench", "--quick"),
)
SHORT = 4  # of them, in a slice for the tests


def type_commands(folder: Path, most: int) -> None:
    """Give each command, and start the server; say what they ended with."""
    (folder / "copies").mkdir()
    told = []
    for words in COMMANDS[: SHORT if most < 100 else None]:
        filled = [word.format(folder=folder) for word in words]
        done = subprocess.run(
            program(folder / "home", *filled),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=dict(child_environment()),
            timeout=1200,
            check=False,
        )
        told.append([" ".join(words), done.returncode, (done.stdout + done.stderr)[-400:]])
    if most >= 100:
        told.append(["up", _starts(folder), ""])
    _tell(folder / "typed", told)


def _starts(folder: Path) -> int:
    """Start the server as a person would, ask it for a page, and end it; return 0 if it answers."""
    words = program(folder / "home", "up", "--no-open", "--port", "8000")
    server = subprocess.Popen(words, env=dict(child_environment()), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    answered = False
    while not answered and time.monotonic() < deadline:
        time.sleep(0.5)
        try:
            with urllib.request.urlopen("http://127.0.0.1:8000/", timeout=10) as answer:
                answered = answer.status == 200
        except OSError:
            continue
    time.sleep(5)  # what is done by itself after a start
    server.terminate()
    server.wait(60)
    return 0 if answered else 1


if __name__ == "__main__":
    tours = {"serve": serve, "look": look, "type": type_commands}
    tours[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
