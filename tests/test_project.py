"""`scripts/project.py`: what `make` calls."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "project.py"


@pytest.fixture
def project() -> ModuleType:
    spec = importlib.util.spec_from_file_location("project", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_comes_after_the_verb_belongs_to_it(
    project: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[list[str]] = []
    monkeypatch.setattr(project, "run", got.append)
    monkeypatch.setattr(sys, "argv", ["project.py", "run", "--help", "--port", "8010"])
    project.main()
    assert got == [["--help", "--port", "8010"]]


def test_without_a_verb_it_says_which_there_are(
    project: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["project.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        project.main()
    assert ended.value.code == 0
    assert "run      set everything up, then start the web application" in capsys.readouterr().out
