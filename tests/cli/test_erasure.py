"""Erasure and access at the terminal, and the drill of docs/erasure.md as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from rollbook.cli import common
from rollbook.cli.main import app

pytestmark = pytest.mark.slow

DOCS = Path(__file__).resolve().parents[2] / "docs" / "erasure.md"
NAME = "Drill Quartermaine"


def run(*words: str, home: Path | None = None) -> Result:
    common.set_home(None)
    given = [] if home is None else ["--home", str(home)]
    return CliRunner().invoke(app, [*given, *words])


def play(line: str) -> Result | None:
    """Run one line of the drill in the current folder."""
    program, *words = shlex.split(line)
    if program == "copy":
        source, target = map(Path, words)
        target.parent.mkdir(parents=True)
        shutil.copyfile(source, target)
        return None
    assert program == "rollbook"
    done = run(*words)
    assert done.exit_code == 0, f"{line}: {done.output}"
    return done


@pytest.fixture
def place(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a home in it, as somebody has it who reads the documentation."""
    folder = tmp_path / "drill"
    folder.mkdir()
    shutil.move(book, folder / "home")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ROLLBOOK_HOME", str(folder / "home"))
    return folder


def test_the_drill_holds_what_the_documentation_promises(place: Path) -> None:
    blocks = re.findall(r"```drill\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.strip().splitlines()]
    said = {line: play(line) for line in lines}
    listed = said["rollbook --home second person list"]
    assert listed is not None and NAME not in listed.output
    restored = said["rollbook --home second restore copies"]
    assert restored is not None and "Erased since, and not brought back: 1" in restored.output
    with zipfile.ZipFile(place / "drill.zip") as archive:
        assert NAME in archive.read("index.html").decode()
    (place / "drill.zip").unlink()
    for file in (file for file in place.rglob("*") if file.is_file()):
        assert NAME.encode() not in file.read_bytes(), file.name


def test_an_old_bundle_does_not_bring_back_who_is_on_the_list(place: Path) -> None:
    """A copy of the former bundle lies somewhere: the list beside the keys counts all the same."""
    run("person", "add", NAME, "--external-id", "DRILL-0001")
    run("backup", "--add", "copies")
    assert run("backup").exit_code == 0
    shutil.copytree("copies", "former")
    assert run("erase", "DRILL-0001", "--yes").exit_code == 0
    keys = place / "second" / "keys"
    keys.mkdir(parents=True)
    for name in ("site.key", "erasures.jsonl"):
        shutil.copyfile(place / "home" / "keys" / name, keys / name)
    restored = run("restore", "former", home=place / "second")
    assert restored.exit_code == 0, restored.output
    assert NAME not in run("person", "list", home=place / "second").output
    with_list = (place / "second" / "rollbook.db").read_bytes()
    assert NAME.encode() not in with_list


def test_erasing_asks_and_tells_as_json(place: Path) -> None:
    run("person", "add", NAME, "--external-id", "DRILL-0001")
    common.set_home(None)
    refused = CliRunner().invoke(app, ["erase", NAME], input="n\n")
    assert refused.exit_code == 1 and "Nobody was erased" in refused.output
    done = run("erase", NAME, "--yes", "--json")
    (receipt,) = json.loads(done.stdout)
    assert (receipt["state"], receipt["rows_left"], receipt["found"]) == ("complete", {}, {})
    assert NAME not in done.output
    assert run("erase", NAME, "--yes").exit_code == 1
    assert run("erase").exit_code == 2
    assert run("erase", "--finish").output == "No erasure waits to be finished.\n"


def test_an_archive_is_not_written_over_a_file(place: Path) -> None:
    run("person", "add", NAME)
    (place / "there.zip").write_bytes(b"mine")
    refused = run("access", NAME, "--out", "there.zip")
    assert refused.exit_code == 1 and (place / "there.zip").read_bytes() == b"mine"
    assert run("access", NAME, "--out", "x.zip", "--language", "xx").exit_code == 2
    told = json.loads(run("access", NAME, "--out", "new.zip", "--json").stdout)
    assert told["file"] == "new.zip"
    with zipfile.ZipFile(place / "new.zip") as archive:
        assert archive.testzip() is None
