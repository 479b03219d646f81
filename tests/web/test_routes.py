"""Every route against every role, in one table made from the routes themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rollbook.web.access import permissions_of_endpoint
from web.pages import ROLES, address, may, routes
from web.school import Site


def test_every_route_says_who_may_call_it(web_app: Flask) -> None:
    silent = {
        rule.endpoint
        for rule, _ in routes(web_app)
        if permissions_of_endpoint(web_app, rule.endpoint) is None
    }
    assert silent == set()


@pytest.mark.parametrize("login", ROLES, ids=str)
def test_who_may_not_is_refused_on_every_route(
    login: str | None, site: Site, web_app: Flask, client_of: Callable[[str | None], FlaskClient]
) -> None:
    client = client_of(login)
    wrong = []
    for rule, method in routes(web_app):
        wanted = permissions_of_endpoint(web_app, rule.endpoint) or frozenset()
        if may(site, login, wanted):
            continue
        answer = client.open(address(web_app, rule, site), method=method)
        to_login = answer.status_code == 302 and "/login" in answer.location
        if answer.status_code not in {401, 403, 404} and not (login is None and to_login):
            wrong.append((method, rule.rule, answer.status_code))
    assert wrong == []


def test_another_teacher_sees_nothing_of_this_class(
    site: Site, web_app: Flask, client_of: Callable[[str | None], FlaskClient]
) -> None:
    """Charlie has the permissions of Bob, and none of his people, groups and sessions."""
    client = client_of("charlie")
    scoped = {"session_id", "group_id", "subject_id"}
    wrong = []
    for rule, method in routes(web_app):
        if not rule.arguments & scoped:
            continue
        answer = client.open(address(web_app, rule, site), method=method)
        if answer.status_code not in {400, 403, 404, 405, 415}:  # 415: see test_api_ids.py
            wrong.append((method, rule.rule, answer.status_code))
    assert wrong == []


def test_no_page_fails_for_those_who_may(
    site: Site, web_app: Flask, client_of: Callable[[str | None], FlaskClient]
) -> None:
    client = client_of("alice")
    wrong = []
    for rule, method in routes(web_app):
        if method != "GET":
            continue
        answer = client.get(address(web_app, rule, site))
        if answer.status_code >= 500:
            wrong.append((rule.rule, answer.status_code))
    assert wrong == []
