"""Files of anchors: what was made comes back, and anything else is refused in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.anchors import (
    Anchor,
    AnchorCheck,
    AnchorState,
    anchor_text,
    fingerprint,
    public_key_text,
    read_anchor,
    read_public_key,
)
from rollbook.errors import InvalidInput

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
PLAIN = Anchor(7, b"l" * 32, AT, b"k" * 32, b"s" * 64)
anchors = st.builds(
    Anchor,
    st.integers(0, 2**53 - 1),
    st.binary(min_size=32, max_size=32),
    st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=64, max_size=64),
)


@given(anchors)
def test_an_anchor_comes_back_from_its_file(anchor: Anchor) -> None:
    assert read_anchor(anchor_text(anchor).encode()) == anchor


@given(anchors, anchors)
def test_different_anchors_are_signed_differently(one: Anchor, other: Anchor) -> None:
    fields = ("number", "link", "at", "public_key")
    same = all(getattr(one, name) == getattr(other, name) for name in fields)
    assert (one.message == other.message) == same


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_anything_else_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="not an anchor"):
        read_anchor(data)
    with pytest.raises(InvalidInput, match="not the public key"):
        read_public_key(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(list(json.loads(anchor_text(PLAIN)))), json_values)
def test_a_hostile_value_in_any_place_is_refused(name: str, value: object) -> None:
    told = {**json.loads(anchor_text(PLAIN)), name: value}
    try:
        found = read_anchor(json.dumps(told).encode())
    except InvalidInput:
        return
    assert 0 <= found.number < 2**53
    assert len(found.link) == len(found.public_key) == 32


@pytest.mark.parametrize("data", [b"[" * 4_000, b" " * 5_000, b"9" * 4_090, b'{"what": []}'])
def test_what_would_cost_much_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_anchor(data)


def test_a_public_key_comes_back_from_its_file() -> None:
    key = bytes(range(32))
    assert read_public_key(public_key_text(key).encode()) == key
    assert fingerprint(key) != fingerprint(bytes(32))


@pytest.mark.parametrize(
    ("state", "number", "entries", "says"),
    [
        (AnchorState.HOLDS, 7, 7, ["up to number 7"]),
        (AnchorState.HOLDS, 7, 8, ["up to number 7", "Entry 8 came later"]),
        (AnchorState.HOLDS, 7, 9, ["up to number 7", "Entries 8 to 9 came later"]),
        (AnchorState.HOLDS, 0, 1, ["before the first entry", "Entry 1 came later"]),
        (AnchorState.SHORTER, 7, 5, ["vouches for 7 entries and the register has only 5"]),
        (AnchorState.CHANGED, 7, 9, ["entry 7 of the register is not the one"]),
        (AnchorState.FORGED, 7, 9, ["does not hold"]),
        (AnchorState.OTHER_SITE, 7, 9, ["another site"]),
    ],
)
def test_what_was_found_is_said(
    state: AnchorState, number: int, entries: int, says: list[str]
) -> None:
    anchor = Anchor(number, b"l" * 32, AT, b"k" * 32, b"s" * 64)
    told = AnchorCheck(state, anchor, entries).sentences
    assert len(told) == len(says)
    assert all(part in sentence for part, sentence in zip(says, told, strict=True))
    early = AnchorCheck(state, anchor, entries, is_early=True).sentences
    assert "a clock is or was wrong" in early[-1]
