"""The files that let Rollbook run as a service name a command that exists."""

from __future__ import annotations

import configparser
import plistlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer

from rollbook.cli.main import app

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def of_systemd() -> list[str]:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "rollbook.service", encoding="utf-8")
    assert unit["Service"]["KillSignal"] == "SIGTERM"
    return unit["Service"]["ExecStart"].split()[1:]


def of_windows() -> list[str]:
    tree = ElementTree.parse(DEPLOY / "rollbook-task.xml")
    words = tree.find(f".//{TASK}Arguments")
    assert words is not None and words.text is not None
    _, module, home, _, *rest = words.text.split()
    assert (module, home) == ("rollbook", "--home")
    return rest


def of_macos() -> list[str]:
    with (DEPLOY / "local.rollbook.plist").open("rb") as file:
        words: list[str] = plistlib.load(file)["ProgramArguments"]
    return words[1:]


@pytest.mark.parametrize("words", [of_systemd, of_windows, of_macos])
def test_a_service_starts_the_server_and_opens_no_browser(words) -> None:  # type: ignore[no-untyped-def]
    verb, *options = words()
    command = typer.main.get_command(app).commands[verb]  # type: ignore[attr-defined]
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    assert verb == "up" and "--no-open" in options
    assert {option for option in options if option.startswith("--")} <= known
