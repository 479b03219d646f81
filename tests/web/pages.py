"""Every route of the application, its address in the small school, and who may call it."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

from rollbook.domain.access import Actor, Permission, Role
from rollbook.web.access import permissions_of_endpoint
from web.samples import DEFAULTS, SAMPLES, UNKNOWN
from web.school import Site

ROLES = {
    "alice": Role.ADMINISTRATOR,
    "bob": Role.FACULTY,
    "charlie": Role.FACULTY,
    "dora": Role.AUDITOR,
    "ada": Role.SUBJECT,
    None: None,
}


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Yield every route with each of its methods."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            yield rule, method


def address(app: Flask, rule: Rule, site: Site) -> str:
    values = {name: UNKNOWN for name in rule.arguments}
    values |= {name: make(site) for name, make in DEFAULTS.items() if name in rule.arguments}
    if rule.endpoint in SAMPLES:
        values |= SAMPLES[rule.endpoint](site)
    values |= {name: found[0] for name, found in site.ids.items() if name in rule.arguments}
    return _built(app, rule, values)


def _built(app: Flask, rule: Rule, values: dict[str, str]) -> str:
    with app.test_request_context():
        built = app.url_map.bind("localhost").build(rule.endpoint, values)
    return str(built)


def may(site: Site, login: str | None, wanted: frozenset[Permission]) -> bool:
    if not wanted:
        return True
    role = ROLES[login]
    if role is None or login is None:
        return False
    actor = Actor("x", role, subject_id=site.users[login].subject_id)
    return any(actor.may(permission) for permission in wanted)


def addresses(app: Flask, site: Site, login: str | None) -> list[str]:
    """Return the address of everything that this account may look at."""
    found = []
    for rule, method in routes(app):
        wanted = permissions_of_endpoint(app, rule.endpoint) or frozenset()
        if method == "GET" and rule.endpoint != "static" and may(site, login, wanted):
            found.append(address(app, rule, site))
            found += _others(app, rule, site, found[-1])
    return sorted(set(found))


def _others(app: Flask, rule: Rule, site: Site, first: str) -> Iterator[str]:
    """Yield the same page of other things: a closed session beside an open one."""
    for name in rule.arguments & site.ids.keys():
        before, *more = site.ids[name]
        yield from (first.replace(before, other) for other in more)
