"""What the environment may say, and what is said when it cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rollbook.bootstrap.keys import key_source, passphrase
from rollbook.errors import ConfigurationError
from rollbook.settings import Settings, default_home, load_settings, secret_environment


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_HOME", "")
    monkeypatch.setenv("ROLLBOOK_THREADS", "")
    settings = load_settings()
    assert settings.home == default_home()  # and not the folder that somebody happens to be in
    assert settings.threads is None


def test_a_home_whose_path_would_be_cut_in_the_database_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"ROLLBOOK_HOME.*question mark"):
        load_settings(tmp_path / "what?" / "home")


def test_a_home_with_other_odd_signs_holds_its_database(tmp_path: Path) -> None:
    from rollbook.storage.database import Database

    settings = load_settings(tmp_path / "100% #1 ünï 😀")
    opened = Database.open(settings.resolved_database_url, keys_dir=settings.keys_dir, create=True)
    opened.close()
    assert (settings.home / "rollbook.db").is_file()
    assert [found.name for found in tmp_path.iterdir()] == [settings.home.name]


@pytest.mark.parametrize("value", ["abc", "0", "nan", "1"])
def test_a_value_that_is_not_allowed_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ROLLBOOK_TARGET_FPIR", value)
    with pytest.raises(ConfigurationError, match="ROLLBOOK_TARGET_FPIR"):
        load_settings()


def test_the_site_key_is_taken_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_SITE_KEY", "a key of forty-four characters, or so")
    settings = load_settings()
    again = load_settings()
    assert "ROLLBOOK_SITE_KEY" not in os.environ
    assert settings == again
    assert settings.site_key is not None
    assert settings.site_key.get_secret_value() == "a key of forty-four characters, or so"
    assert "forty-four" not in repr(settings) + str(settings.model_dump())
    assert secret_environment()["ROLLBOOK_SITE_KEY"] == settings.site_key.get_secret_value()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux")
def test_neither_a_child_nor_the_system_shows_the_site_key() -> None:
    program = (
        "import subprocess, sys; from pathlib import Path\n"
        "from rollbook.settings import load_settings\n"
        "assert load_settings().site_key.get_secret_value() == 'planted-secret'\n"
        "mine = Path('/proc/self/environ').read_bytes()\n"
        "child = subprocess.run([sys.executable, '-c', "
        "'from pathlib import Path; print(Path(\"/proc/self/environ\").read_text())'],"
        " capture_output=True).stdout\n"
        "assert b'PATH=' in mine and b'PATH=' in child\n"
        "assert b'planted-secret' not in mine + child\n"
        "assert b'SITE_KEY' not in child\n"
    )
    environment = {**os.environ, "ROLLBOOK_SITE_KEY": "planted-secret"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_two_sources_of_the_key_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_SITE_KEY", "planted-secret")
    monkeypatch.setenv("ROLLBOOK_KEY_COMMAND", "pass show rollbook")
    with pytest.raises(ConfigurationError, match="not several") as caught:
        load_settings()
    assert "planted-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("ROLLBOOK_SITE_KEY", "a key", "EnvironmentKeySource"),
        ("ROLLBOOK_SITE_KEY_FILE", "/run/secrets/rollbook", "GivenFileKeySource"),
        ("ROLLBOOK_KEY_COMMAND", "pass show rollbook", "CommandKeySource"),
        ("ROLLBOOK_KEY_SOURCE", "keyring", "KeyringKeySource"),
        ("ROLLBOOK_KEY_SOURCE", "file", "HomeKeySource"),
    ],
)
def test_each_setting_chooses_its_source(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, kind: str
) -> None:
    monkeypatch.setenv(name, value)
    source = key_source(load_settings())
    assert type(source).__name__ == kind
    assert key_source(load_settings()) is source


def test_the_passphrase_is_the_first_line_of_a_file_or_descriptor(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("grüne Wiese am Bach\nand a remark\n", encoding="utf-8")
    named = Settings(home=tmp_path, passphrase_file=file)
    assert passphrase(named) == "grüne Wiese am Bach"
    descriptor = os.open(file, os.O_RDONLY)
    assert passphrase(Settings(home=tmp_path, passphrase_fd=descriptor)) == "grüne Wiese am Bach"
    with pytest.raises(OSError):
        os.fstat(descriptor)  # closed, so that no child inherits it


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "empty"), (b"\nsecond", "empty"), (b"\xff\xfe\xff", "no UTF-8")]
)
def test_a_passphrase_file_that_holds_none(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "passphrase"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        passphrase(Settings(home=tmp_path, passphrase_file=file))


def test_a_passphrase_that_nobody_can_give(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        passphrase(Settings(home=tmp_path, passphrase_file=tmp_path / "gone"))
    with pytest.raises(ConfigurationError, match="nobody can be asked"):
        passphrase(Settings(home=tmp_path))
