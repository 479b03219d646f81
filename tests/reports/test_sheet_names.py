"""Names of sheets that Excel accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.reports.sheet_names import sheet_names


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], []),
        (["8A", "8a", "8A"], ["8A", "8a (2)", "8A (3)"]),
        (["7/B: [x]*?\\"], ["7-B- -x----"]),
        (["'quoted'"], ["quoted"]),
        (["///", ""], ["---", "group"]),
        (["About", "all rows", "history"], ["About (2)", "all rows (2)", "history (2)"]),
        (["x" * 40, "x" * 40], ["x" * 31, "x" * 27 + " (2)"]),
        (["😀" * 20], ["😀" * 15]),
    ],
)
def test_known_names(wanted: list[str], expected: list[str]) -> None:
    assert sheet_names(wanted, taken=("All rows", "About")) == expected


@given(st.lists(st.text(max_size=45), max_size=12))
def test_any_names_become_allowed_short_and_different(wanted: list[str]) -> None:
    names = sheet_names(wanted)
    assert len(names) == len(wanted)
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name.encode("utf-16-le", "surrogatepass")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\")
        assert not name.startswith("'") and not name.endswith("'")
