"""Fixtures of the web application: the small school of `school.py` and browsers in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rollbook.web.app import create_app, secret_of
from rollbook.web.parts import KEY, WebOptions
from rollbook.web.setup.gate import DONE
from web.school import Site, make_site, sign_in, site_of_copy


@pytest.fixture(scope="session")
def first_site(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a closed site; each test gets a copy, since making it takes longer than most tests."""
    made = make_site(Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("first") / "home")))
    made.parts.database.close()
    return made


@pytest.fixture
def site(first_site: Site, book: Path) -> Iterator[Site]:
    """Return a site in Berlin on a Monday at 08:00, with two classes and five accounts."""
    shutil.copytree(first_site.parts.settings.home, book, dirs_exist_ok=True)
    copied = site_of_copy(first_site, book)
    yield copied
    copied.parts.engines.close()
    copied.parts.database.close()


@pytest.fixture
def web_options() -> WebOptions:
    return WebOptions(testing=True, csrf=False, limits=False)


@pytest.fixture(scope="session")
def kept_apps() -> dict[WebOptions, Flask]:
    return {}


@pytest.fixture
def web_app(site: Site, web_options: WebOptions, kept_apps: dict[WebOptions, Flask]) -> Flask:
    """Return the Flask application of `site`; CSRF and limits are off, other tests turn them on.

    It is made once and then serves the site of each test, since making it takes longer than most
    tests. What a test changes in an application it does in one of its own, see `own_web_app`.
    """
    kept = kept_apps.get(web_options)
    if kept is None:
        kept = kept_apps[web_options] = create_app(site.parts, web_options)
    kept.extensions[KEY] = site.parts
    kept.extensions[DONE] = False
    kept.config["SECRET_KEY"] = secret_of(site.parts, "flask")
    return kept


@pytest.fixture
def own_web_app(site: Site, web_options: WebOptions) -> Flask:
    return create_app(site.parts, web_options)


@pytest.fixture
def client_of(site: Site, web_app: Flask) -> Callable[[str | None], FlaskClient]:
    """Return what gives a browser in which this account is signed in; None: nobody is."""

    def make(login: str | None) -> FlaskClient:
        client = web_app.test_client()
        if login is not None:
            client.set_cookie("rollbook", sign_in(site, login))
        return client

    return make
