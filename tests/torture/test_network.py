"""Every route is tried by those who may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from torture import network
from torture.frame import Plan

pytestmark = pytest.mark.slow


def test_a_hostile_network_gets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "STEP", 11)
    network.run(Plan(tmp_path)).require(
        "answers whose caching was checked",
        "addresses with ids of others",
        "redirects tried",
        "forms without a token",
        "routes with a stolen kiosk key",
        "passwords guessed",
        "streams without a session",
        "entries of the audit about ids of others",
    )
