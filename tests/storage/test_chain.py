"""The arithmetic of the register's chain."""

from __future__ import annotations

import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.errors import RegisterTampered
from rollbook.storage.chain import PAD, Chain, Line, pack_sheet, pad, unpack_sheet, unpad
from rollbook.storage.codec import to_json
from rollbook.storage.mac import Mac

KEY = b"k" * 32


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_the_fast_digest_is_hmac_sha256(key: bytes, message: bytes) -> None:
    assert Mac(key).digest(message) == hmac.digest(key, message, "sha256")


@pytest.mark.parametrize("once", [None, b"\x01" * 32])
@pytest.mark.parametrize("session", [None, "ab" * 16])
def test_what_is_digested_is_canonical_json_of_the_whole_entry(
    session: str | None, once: bytes | None
) -> None:
    body = {"z": "Ü", "a": [1, None]}
    entry = {
        "body": body,
        "kind": "mark",
        "number": 12,
        "once": None if once is None else once.hex(),
        "session": session,
    }
    wanted = hmac.digest(KEY, b"event:" + to_json(entry), "sha256")
    assert Chain(Mac(KEY)).content(12, "mark", session, once, to_json(body)) == wanted
    assert json.loads(to_json(entry)) == entry


def test_a_link_binds_the_content_to_the_link_before() -> None:
    chain = Chain(Mac(KEY))
    assert chain.link(b"p" * 32, b"c" * 32) == hmac.digest(
        KEY, b"chain:" + b"p" * 32 + b"c" * 32, "sha256"
    )
    assert chain.head(3, b"l" * 32) != chain.head(4, b"l" * 32)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=600), max_size=3))
def test_padding_hides_the_length_and_comes_off(body: dict[str, str]) -> None:
    text = json.dumps(body).encode()
    assert len(pad(text)) % PAD == 0
    assert unpad(pad(text)) == text


bodies = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    max_size=3,
)


@given(st.lists(st.tuples(st.integers(1, 2**40), st.sampled_from(["mark", "session"]), bodies)))
def test_a_sheet_comes_back_line_by_line(entries: list[tuple[int, str, dict[str, str]]]) -> None:
    lines = [Line(number, kind, to_json(body)) for number, kind, body in entries]
    assert list(unpack_sheet(pack_sheet(lines))) == lines


@pytest.mark.parametrize("packed", [b"", b"not zlib"])
def test_what_is_no_sheet_is_refused(packed: bytes) -> None:
    with pytest.raises(RegisterTampered):
        list(unpack_sheet(packed))
