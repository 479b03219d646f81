"""`rollbook upgrade` on a real installation: forward, and back when the new one does not work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from typer.testing import CliRunner

import rollbook
from contracts.conftest import postgres_url
from rollbook.bootstrap import build
from rollbook.cli.main import app as program
from rollbook.cli.one_server import free_home, own_home, running_at
from rollbook.cli.program_files import is_newer, version_of_wheel
from rollbook.errors import ConfigurationError, InvalidInput
from rollbook.settings import load_settings
from rollbook.storage.migrating import REVISIONS

SOURCE = Path(rollbook.__file__).parent

__all__ = ["postgres_url"]  # a fixture


def wheel(folder: Path, version: str, changed: dict[str, str] | None = None) -> Path:
    """Write this source as a wheel of another version; `changed` files have another content."""
    folder.mkdir(parents=True, exist_ok=True)
    file, info = folder / f"rollbook-{version}-py3-none-any.whl", f"rollbook-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        names = []
        for path in SOURCE.rglob("*"):
            name = path.relative_to(SOURCE.parent).as_posix()
            if path.is_file() and "__pycache__" not in name and name not in (changed or {}):
                archive.write(path, name)
                names.append(name)
        written = {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: rollbook\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
            "Tag: py3-none-any\n",
            **(changed or {}),
        }
        record = "".join(f"{name},,\n" for name in (*names, *written, f"{info}/RECORD"))
        for name, content in {**written, f"{info}/RECORD": record}.items():
            archive.writestr(name, content)
    return file


class Installation:
    """A virtual environment with this version as a wheel, and a home."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.home = home
        self.folder = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", str(self.folder)], check=True)
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        site = next(
            self.folder.glob("lib/python*/site-packages"), self.folder / "Lib/site-packages"
        )
        libraries = sysconfig.get_paths()["purelib"]  # what it needs is borrowed from this one
        (site / "libraries.pth").write_text(libraries, encoding="utf-8")
        first = wheel(folder / "first", "0.1.0")
        self.run("pip", "install", "--no-index", "--quiet", str(first))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), "-P", "-m", *words]
        known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        quick = {**known, "PIP_NO_COMPILE": "1"}
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=quick)

    def rollbook(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("rollbook", "--home", str(self.home), *words)

    @property
    def version(self) -> str:
        return self.rollbook("--version").stdout.strip()


@pytest.mark.slow
def test_a_newer_version_comes_and_a_broken_one_goes_again(book: Path, tmp_path: Path) -> None:
    site = Installation(tmp_path, book)
    assert site.version == "rollbook 0.1.0"
    assert site.rollbook("person", "add", "Ada Lovelace").returncode == 0
    done = site.rollbook("upgrade", str(wheel(tmp_path / "good", "0.2.0")))
    assert done.returncode == 0, done.stderr
    assert "Upgraded from 0.1.0 to 0.2.0." in done.stdout
    assert site.version == "rollbook 0.2.0"
    assert "Database and keys were copied to" in done.stdout
    assert not list((book / "backups").iterdir())  # proved, so no copy of anybody's key stays

    broken = wheel(tmp_path / "bad", "0.3.0", {"rollbook/cli/register.py": "raise SystemExit(3)"})
    failed = site.rollbook("upgrade", str(broken))
    assert failed.returncode == 1
    assert "Version 0.2.0, database and keys are back" in failed.stderr
    assert site.version == "rollbook 0.2.0"
    assert "Ada Lovelace" in site.rollbook("person", "list").stdout
    assert site.rollbook("verify").returncode == 0
    assert not list((book / "backups").iterdir())

    older = site.rollbook("upgrade", str(tmp_path / "first" / "rollbook-0.1.0-py3-none-any.whl"))
    assert older.returncode == 1 and "is not newer" in older.stderr


MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"
branch_labels = depends_on = None


def upgrade():
    op.create_table("later", sa.Column("number", sa.Integer(), primary_key=True))
    {then}
"""


def next_version(then: str) -> dict[str, str]:
    """Return the files of a version with one migration more, which ends like this."""
    migrating, folder = "rollbook/storage/migrating.py", "rollbook/storage/migrations/versions"
    known = (SOURCE.parent / migrating).read_text(encoding="utf-8")
    newest = f'    "{REVISIONS[-1]}",\n)'
    assert known.count(newest) == 1
    return {
        migrating: known.replace(newest, f'    "{REVISIONS[-1]}",\n    "9999",\n)'),
        f"{folder}/9999_later.py": MIGRATION.format(before=REVISIONS[-1], then=then),
    }


@pytest.mark.slow
@pytest.mark.postgres
def test_a_server_is_as_before_when_a_migration_or_what_follows_fails(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_DATABASE_URL", postgres_url)
    engine = create_engine(postgres_url)
    site = Installation(tmp_path, tmp_path / "home")
    build(load_settings(site.home), create=True).database.close()
    assert site.rollbook("person", "add", "Ada Lovelace").returncode == 0

    def as_before(failed: subprocess.CompletedProcess[str]) -> None:
        assert failed.returncode == 1
        assert "Version 0.1.0, database and keys are back" in failed.stderr
        assert site.version == "rollbook 0.1.0"
        with engine.connect() as connection:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            assert revision == REVISIONS[-1]
            assert not inspect(connection).has_table("later")
        assert "Ada Lovelace" in site.rollbook("person", "list").stdout
        assert site.rollbook("verify").returncode == 0

    half = next_version("raise RuntimeError('in the middle')")
    as_before(site.rollbook("upgrade", str(wheel(tmp_path / "half", "0.2.0", half))))
    whole = next_version("pass") | {"rollbook/cli/verify.py": "raise SystemExit(3)"}
    as_before(site.rollbook("upgrade", str(wheel(tmp_path / "whole", "0.3.0", whole))))
    engine.dispose()


def test_nothing_is_asked_of_the_network_unless_it_is_said(book: Path) -> None:
    done = CliRunner().invoke(program, ["--home", str(book), "upgrade"])
    assert done.exit_code == 1 and "--index" in done.stderr
    assert not (book / "backups").exists()


def test_a_checkout_is_left_to_git(book: Path, tmp_path: Path) -> None:
    file = wheel(tmp_path, "9.9.9")
    done = CliRunner().invoke(program, ["--home", str(book), "upgrade", str(file)])
    assert done.exit_code == 1 and "git pull" in done.stderr
    assert not (book / "backups").exists()


def test_only_wheels_of_rollbook_are_taken(tmp_path: Path) -> None:
    assert version_of_wheel(wheel(tmp_path, "0.10.1")) == "0.10.1"
    other = shutil.copy(tmp_path / "rollbook-0.10.1-py3-none-any.whl", tmp_path / "numpy-2.whl")
    for file in (Path(other), tmp_path / "rollbook-0.11.0-py3-none-any.whl"):
        with pytest.raises(InvalidInput):
            version_of_wheel(file)


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("0.2.0", "0.1.0", True),
        ("0.10.0", "0.9.9", True),
        ("1.0", "1.0.0", False),
        ("0.1.0", "0.1.0", False),
        ("1.0.0rc1", "0.9", True),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, than: str, newer: bool) -> None:
    assert is_newer(version, than) is newer


def test_one_server_has_a_home_at_a_time(book: Path) -> None:
    assert running_at(book) is None
    with own_home(book, "http://127.0.0.1:8000"):
        assert running_at(book) == "http://127.0.0.1:8000"
        with pytest.raises(ConfigurationError, match="Rollbook runs already"), own_home(book, "x"):
            pass
        with pytest.raises(ConfigurationError, match="End it first"), free_home(book, "upgraded"):
            pass
    assert running_at(book) is None
    with free_home(book, "upgraded"):
        assert running_at(book) == "being upgraded"
