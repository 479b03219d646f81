"""What somebody writes into the database is not taken for genuine."""

from __future__ import annotations

from pathlib import Path

import pytest

from torture import writer
from torture.frame import Plan

pytestmark = pytest.mark.slow


def test_nothing_changed_by_hand_is_taken_for_genuine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "TRIES", 1)
    outcome = writer.run(Plan(tmp_path))
    outcome.require("values altered", "values cut", "values replaced by another row's")
