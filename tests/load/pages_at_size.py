"""How long pages take at size: `python tests/load/pages_at_size.py HOME`.

HOME is an installation to be thrown away, as `rollbook --home HOME demo --school --people 20000
--years 1` makes it: an administrator's session is written into it, people are added, and sessions
of many groups are opened and marked.
"""

from __future__ import annotations

import re
import secrets
import statistics
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import uvicorn

from rollbook.bootstrap import App, build
from rollbook.domain.access import Role
from rollbook.domain.accounts import User, WebSession
from rollbook.domain.attendance import Method
from rollbook.domain.subjects import new_id
from rollbook.settings import load_settings
from rollbook.web.asgi import create_asgi
from rollbook.web.identity import USER
from rollbook.web.parts import WebOptions

PORT = 8733
TIMES = 30
OPEN = 200  # sessions at once
MARKED = 40  # of them have marks


def sign_in(app: App) -> str:
    """Return the token of a new administrator's session."""
    user = User(new_id(), f"bench {secrets.token_hex(4)}", Role.ADMINISTRATOR, new_id())
    token, now = secrets.token_urlsafe(32), app.clock.now()
    data: dict[str, object] = {USER: user.uniquifier, "_fresh": True, "_id": "bench"}
    data |= {"fs_cc": "set", "fs_paa": now.timestamp(), "identity": user.uniquifier}
    with app.uow() as uow:
        uow.users.add(user)
        uow.site.set("set_up", True)
        expires = now + timedelta(hours=1)
        uow.web_sessions.put(WebSession(token, user.user_id, now, expires, data))
        uow.commit()
    return token


def measure(name: str, ask: Callable[[], httpx.Response], times: int = TIMES) -> None:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        answer = ask()
        taken.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code in {200, 303}, (name, answer.status_code)
    taken.sort()
    worst = taken[int(len(taken) * 0.95) - 1]
    print(f"{name:46} median {statistics.median(taken):6.1f} ms   95 % within {worst:6.1f} ms")


def bench(browser: httpx.Client) -> None:
    begun = time.perf_counter()
    while "refresh" in browser.get("/people").headers:
        time.sleep(0.1)
    print(f"names opened {time.perf_counter() - begun:.1f} s after the start")
    page = browser.get("/people").text
    group = re.findall(r'<option value="([0-9a-f]{32})"', page)[0]
    person = re.findall(r'href="/people/([0-9a-f]{32})"', page)[0]
    csrf = re.findall(r'name="csrf" content="([^"]+)"', page)[0]
    asked = {
        "first page": "",
        "page 200": "?page=200",
        "search": "?q=mar",
        "search that finds nobody": "?q=zzzz",
        "one group": f"?group={group}",
        "sorted by group": "?order=group",
        "without consent, fewest pictures": "?show=no-consent&order=samples",
        "a person": f"/{person}",
    }
    for name, tail in asked.items():
        measure(name, lambda tail=tail: browser.get(f"/people{tail}"))  # type: ignore[misc]

    def add() -> httpx.Response:
        form = {"name": f"Bench {secrets.token_hex(6)}", "csrf_token": csrf}
        return browser.post("/people/add", data=form)

    def after_adding() -> httpx.Response:
        return browser.get("/people?q=bench")

    measure("adding somebody", add)
    for _ in range(3):
        add()
        measure("the list right after", after_adding, 1)


def open_sessions(app: App) -> tuple[str, str]:
    """Open sessions of many groups now, mark two in three; return the ids of one, and of an old."""
    now = app.clock.now()
    with app.uow() as uow:
        groups = uow.groups.all()[:OPEN]
        old = uow.sessions.all(group_id=groups[0].group_id)[-1].session_id
        rosters = [uow.groups.roster(group.group_id, app.today()) for group in groups]
    first = ""
    for number, (group, roster) in enumerate(zip(groups, rosters, strict=True)):
        begins, ends = now - timedelta(minutes=5), now + timedelta(minutes=40)
        made = app.register.open_session(
            group.group_id, begins, ends, business_date=app.today(), title="Bench"
        )
        first = first or made.session_id
        for person in roster[: 2 * len(roster) // 3] if number < MARKED else []:
            app.register.sight(made.session_id, person, now, Method.HAND)
    return first, old


def bench_sessions(browser: httpx.Client, now: str, old: str) -> None:
    asked = {
        f"sessions of today, {OPEN} open": "/sessions",
        "a session": f"/sessions/{now}",
        "its register": f"/sessions/{now}/register",
        "its board": f"/sessions/{now}/board",
        "an old session's register": f"/sessions/{old}/register",
        "an old session's board": f"/sessions/{old}/board",
        f"the board of {OPEN} sessions": "/board",
        "the week of all groups": "/timetable",
        "groups": "/groups",
        "review": "/review",
        "audit": "/audit",
    }
    for name, address in asked.items():
        begun = time.perf_counter()
        assert browser.get(address).status_code == 200, name
        first = (time.perf_counter() - begun) * 1000
        measure(f"{name} (first {first:.0f} ms)", lambda a=address: browser.get(a))  # type: ignore[misc]


def main() -> None:
    app = build(load_settings(Path(sys.argv[1])))
    asgi = create_asgi(app, WebOptions(limits=False))
    plan = uvicorn.Config(asgi, host="127.0.0.1", port=PORT, log_level="warning")
    server = uvicorn.Server(plan)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    cookies = {"rollbook": sign_in(app)}
    address = f"http://127.0.0.1:{PORT}"
    try:
        with httpx.Client(base_url=address, cookies=cookies, timeout=60) as browser:
            bench(browser)
            bench_sessions(browser, *open_sessions(app))
    finally:
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    main()
