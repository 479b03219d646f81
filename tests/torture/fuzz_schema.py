"""Requests that schemathesis makes from the interface's own description, until the time is over."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from rollbook.errors import RollbookError
from rollbook.web.app import create_app
from rollbook.web.parts import WebOptions
from torture.frame import new_home
from torture.fuzz_reader import Feeder
from web.programs import API, make_token
from web.school import make_site

EXAMPLES = 4  # of each operation and kind of data, until the next one's turn
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def feed_by_schema(feeder: Feeder, until: float, number: int) -> None:
    """Ask everything in turn; a school that was asked everything is replaced by a new one."""
    feeder.engine = "schemathesis"
    while time.monotonic() < until:
        number += 1
        home = Path("home") / f"school-{number}"
        site = make_site(new_home(home))
        app = create_app(site.parts, WebOptions(csrf=False, limits=False))
        token = make_token(site, "alice")
        for mode in MODES:
            config = SchemathesisConfig()
            config.projects.default.generation.update(modes=[mode])
            schema = schemathesis.openapi.from_wsgi(f"{API}/openapi.json", app, config=config)
            for result in schema.get_all_operations():
                if time.monotonic() < until:
                    _ask_often(result.ok(), mode, token, feeder, until, number)
        site.parts.engines.close()
        site.parts.database.close()
        shutil.rmtree(home)


def _ask_often(
    operation: Any, mode: GenerationMode, token: str, feeder: Feeder, until: float, number: int
) -> None:
    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        if time.monotonic() < until:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
            asked = f"{case.method} {case.path} {case.query!r} {case.body!r}"
            feeder.attempt(asked.encode("utf-8", "replace"), lambda: _answered(case))

    ask()


def _answered(case: Any) -> None:
    status = case.call().status_code
    if status >= 500 and status != 503:
        raise AssertionError(f"{case.method} {case.path} answers {status}")
    if status >= 400:
        raise RollbookError("refused")
