"""Every change that routes take is done once, and the register tells of it, and who did it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import quick_hasher
from rollbook.bootstrap.keys import key_source
from rollbook.web.app import create_app
from rollbook.web.parts import WebOptions
from web.acts import ACTS
from web.full_school import make_full_site
from web.test_audit_routes import EVENTS
from web.walk import Act, Walk

pytestmark = pytest.mark.slow

ELSEWHERE = {
    "accounts.passkey_add": "needs an authenticator: tests/e2e/test_accounts.py",
    "accounts.passkey_login": "needs an authenticator: tests/e2e/test_accounts.py",
    "setup.account_post": "a site without accounts: tests/web/test_setup.py",
    "setup.code": "a site without accounts: tests/web/test_setup.py",
}


@pytest.fixture(scope="module")
def walk(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    book = Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("walk") / "book"))
    key_source.cache_clear()
    site = make_full_site(book)
    site.parts.hasher = quick_hasher()
    app = create_app(site.parts, WebOptions(testing=True, csrf=False, limits=False))
    yield Walk(site, app)
    site.parts.engines.close()
    site.parts.database.close()


def test_every_route_that_leaves_an_entry_is_done_once() -> None:
    done = [act.endpoint for act in ACTS]
    assert sorted(done) == sorted(set(done))
    assert set(EVENTS) == set(done) | set(ELSEWHERE)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.endpoint)
def test_what_is_done_through_a_route_is_in_the_register(act: Act, walk: Walk) -> None:
    before = walk.count()
    answer = act.do(walk)
    assert answer.status_code < 400, answer.text[-1500:]
    if act.by_task:
        while walk.parts.tasks.run_one():
            pass
    told = walk.told(before)
    assert EVENTS[act.endpoint] in [event for event, _by in told], (told, answer.location)
    if act.login is not None:
        who = walk.site.users[act.login]
        said = [by for event, by in told if event == EVENTS[act.endpoint]]
        assert any(who.user_id in by or (who.subject_id or "?") in by for by in said), told


def test_the_register_holds_after_all_of_it(walk: Walk) -> None:
    assert walk.parts.register.verify().holds
