"""Manifests: every field is signed, and what is no manifest is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.manifests import (
    PURPOSE,
    Manifest,
    ManifestState,
    SignedFile,
    check_manifest,
    read_manifest,
)
from rollbook.errors import InvalidInput
from rollbook.storage.signing import SiteSigner, is_signed

SIGNER, OTHER = SiteSigner(b"1" * 32), SiteSigner(b"2" * 32)
DATA = b"the register"
FOUND = {"a.csv": (len(DATA), hashlib.sha256(DATA).digest())}


def signed(signer: SiteSigner = SIGNER) -> Manifest:
    plain = Manifest(
        (SignedFile("a.csv", *FOUND["a.csv"]),),
        "Schule am Wald",
        "2025-04",
        datetime(2025, 5, 1, tzinfo=UTC),
        7,
        bytes(32),
        signer.public_key,
    )
    return replace(plain, signature=signer.sign(PURPOSE, plain.message))


def state(manifest: Manifest, **more: object) -> ManifestState:
    return check_manifest(manifest, more.pop("found", FOUND), is_signed, **more).state  # type: ignore[arg-type]


def test_it_holds_and_comes_back_from_its_file() -> None:
    manifest = signed()
    assert read_manifest(manifest.text().encode()) == manifest
    assert state(manifest) is ManifestState.HOLDS
    assert state(manifest, public_key=SIGNER.public_key) is ManifestState.HOLDS
    assert state(signed(OTHER), public_key=SIGNER.public_key) is ManifestState.OTHER_SITE


@pytest.mark.parametrize(
    "change",
    [
        {"site": "Another"},
        {"period": "2025-05"},
        {"made_at": datetime(2025, 5, 2, tzinfo=UTC)},
        {"number": 8},
        {"link": b"1" * 32},
        {"files": (SignedFile("a.csv", 1, bytes(32)),)},
        {"public_key": OTHER.public_key},
        {"signature": bytes(64)},
    ],
)
def test_a_change_of_any_field_is_a_forgery(change: dict[str, object]) -> None:
    assert state(replace(signed(), **change)) is ManifestState.FORGED  # type: ignore[arg-type]


@pytest.mark.parametrize("bit", [0x01, 0x20])  # 0x20 is the other case of a letter
def test_a_change_of_any_byte_is_seen(bit: int) -> None:
    text = signed().text().rstrip().encode()
    for place, byte in enumerate(text):
        changed = text[:place] + bytes([byte ^ bit]) + text[place + 1 :]
        try:
            found = read_manifest(changed)
        except InvalidInput:
            continue
        assert state(found) is ManifestState.FORGED, (place, changed)


def test_files_that_differ_are_missing_or_more_are_told() -> None:
    changed = {"a.csv": (len(DATA), bytes(32))}
    assert state(signed(), found=changed) is ManifestState.CHANGED
    assert state(signed(), found={}) is ManifestState.MISSING
    assert state(signed(), found={**FOUND, "b.csv": (1, bytes(32))}) is ManifestState.MISSING


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(), lambda x: st.dictionaries(st.text(), x) | st.lists(x)
    ).map(lambda value: json.dumps(value).encode())
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_manifest(data)


@pytest.mark.parametrize("name", ["../a", "a/b", "C:x", "", "..", "a\nb"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    told = json.loads(signed().text())
    told["files"][0]["name"] = name
    with pytest.raises(InvalidInput):
        read_manifest(json.dumps(told).encode())
