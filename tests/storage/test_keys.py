"""The site key and what it wraps."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from rollbook.errors import DecryptionFailed, NotFound, StorageUnavailable
from rollbook.storage.keys import (
    KeyRing,
    create_site_key,
    exposed,
    load_site_key,
    new_data_keys,
    site_key_file,
    unwrap,
    wrap,
)


@pytest.mark.skipif(os.name == "nt", reason="Windows has access lists instead")
def test_a_new_key_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    create_site_key(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE(site_key_file(tmp_path / "keys").stat().st_mode) == 0o600
    assert exposed(tmp_path / "keys") is None
    site_key_file(tmp_path / "keys").chmod(0o644)
    assert "chmod 600" in (exposed(tmp_path / "keys") or "")


def test_a_folder_that_was_there_before_is_closed_to_others(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o755)
    create_site_key(keys)
    assert exposed(keys) is None


def test_an_existing_key_stays(tmp_path: Path) -> None:
    create_site_key(tmp_path)
    before = site_key_file(tmp_path).read_bytes()
    create_site_key(tmp_path)
    assert site_key_file(tmp_path).read_bytes() == before


def test_a_missing_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Bring it back"):
        load_site_key(tmp_path)
    assert exposed(tmp_path) is None


@pytest.mark.parametrize("text", [b"", b"not a key", b"x" * 44, b"A" * 43 + b"=" + b"more"])
def test_a_file_that_holds_no_key_says_so(
    tmp_path: Path, text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.storage.keys.WRITING_TIME", 0.0)
    site_key_file(tmp_path).write_bytes(text)
    with pytest.raises(DecryptionFailed, match="does not hold a key"):
        load_site_key(tmp_path)
    assert site_key_file(tmp_path).read_bytes() == text


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnavailable, match="cannot be written"):
        create_site_key(tmp_path / "file" / "keys")


def test_a_wrapped_key_opens_for_its_own_label_alone() -> None:
    site = Fernet(Fernet.generate_key())
    wrapped = wrap(site, "subject:a", b"key")
    assert unwrap(site, "subject:a", wrapped) == b"key"
    with pytest.raises(DecryptionFailed, match="another one"):
        unwrap(site, "subject:b", wrapped)
    with pytest.raises(DecryptionFailed, match="not the one"):
        unwrap(Fernet(Fernet.generate_key()), "subject:a", wrapped)


def test_data_keys_that_changed_places_are_refused() -> None:
    site = Fernet(Fernet.generate_key())
    wrapped = new_data_keys(site)
    KeyRing.unwrap(site, wrapped)
    exchanged = {**wrapped, "index": wrapped["register"], "register": wrapped["index"]}
    with pytest.raises(DecryptionFailed):
        KeyRing.unwrap(site, exchanged)
    with pytest.raises(DecryptionFailed, match="index"):
        KeyRing.unwrap(site, {"seal": wrapped["seal"], "register": wrapped["register"]})


def test_a_remembered_subject_key_does_not_serve_somebody_else() -> None:
    site = Fernet(Fernet.generate_key())
    ring = KeyRing.unwrap(site, new_data_keys(site))
    wrapped = ring.new_subject_key("a")
    assert ring.subject_key("a", wrapped) is ring.subject_key("a", wrapped)
    with pytest.raises(DecryptionFailed):
        ring.subject_key("b", wrapped)


def test_keys_are_not_shown_in_tracebacks() -> None:
    site = Fernet(Fernet.generate_key())
    ring = KeyRing.unwrap(site, new_data_keys(site))
    assert "index" not in repr(ring) and "b'" not in repr(ring)


@pytest.mark.parametrize(
    ("listing", "safe"),
    [
        ("C:\\home\\site.key PC\\ada:(F)\n\nSuccessfully processed 1 files", True),
        ("site.key PC\\ada:(F)\n         BUILTIN\\Users:(I)(RX)\n", False),
        ("", False),
    ],
)
def test_on_windows_the_access_list_tells_who_can_read_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listing: str, safe: bool
) -> None:
    from rollbook.storage import keys

    asked: list[list[str]] = []

    def icacls(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, stdout=listing)

    monkeypatch.setattr(keys.subprocess, "run", icacls)
    monkeypatch.setenv("USERNAME", "ada")
    keys._restrict_by_acl(tmp_path)
    assert asked[0][-1] == "ada:(OI)(CI)F" and "/inheritance:r" in asked[0]
    assert (keys._exposed_by_acl(site_key_file(tmp_path)) is None) is safe


def test_without_icacls_the_key_counts_as_exposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rollbook.storage import keys

    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError("icacls")

    monkeypatch.setattr(keys.subprocess, "run", missing)
    keys._restrict_by_acl(tmp_path)
    assert "not certain" in (keys._exposed_by_acl(site_key_file(tmp_path)) or "")
