"""The signed list of erased people: nobody is taken off it unnoticed."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.storage.erasures import (
    FILE,
    Erased,
    ErasureList,
    ErasureListDamaged,
    erased_ids,
    merged,
    parse,
)
from rollbook.storage.signing import SiteSigner

SEED = bytes(range(32))
SIGNER = SiteSigner(SEED)
KEY = SIGNER.public_key
AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def line(number: int) -> Erased:
    return Erased(f"{number:032x}", AT + timedelta(hours=number), f"{number + 500:032x}")


def list_in(folder: Path) -> ErasureList:
    return ErasureList(folder, KEY, SIGNER.sign)


APPENDING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from rollbook.storage.erasures import Erased, ErasureList
from rollbook.storage.signing import SiteSigner

signer = SiteSigner(bytes(range(32)))
own = ErasureList(Path(sys.argv[1]), signer.public_key, signer.sign)
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 10):
    own.append([Erased(f"{number:032x}", datetime(2026, 3, 2, tzinfo=UTC), f"{number:032x}")])
"""


def test_who_was_erased_is_read_again_in_order(tmp_path: Path) -> None:
    own = list_in(tmp_path)
    assert own.lines() == [] and own.text() == b""
    assert own.append([line(1), line(2)]) == 2
    assert own.append([line(2), line(3)]) == 1, "who is on it already is not added again"
    assert own.lines() == [line(1), line(2), line(3)]
    assert own.erased_ids() == {line(n).subject_id for n in (1, 2, 3)}
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_line_that_a_kill_has_cut_is_written_anew(tmp_path: Path) -> None:
    own = list_in(tmp_path)
    own.append([line(1), line(2)])
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:-20])
    assert own.lines() == [line(1)]
    assert own.append([line(2)]) == 1
    assert own.lines() == [line(1), line(2)]


@given(st.data())
def test_every_change_is_found(data: st.DataObject) -> None:
    text = merged(b"", [line(n) for n in range(4)], KEY, SIGNER.sign)
    lines = text.splitlines(keepends=True)
    what = data.draw(st.sampled_from(["flip", "remove", "swap", "double", "foreign"]))
    place = data.draw(st.integers(0, len(lines) - 2))
    if what == "flip":
        at = data.draw(st.integers(0, len(text) - 2))
        changed = text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :]
    elif what == "remove":
        changed = b"".join(lines[:place] + lines[place + 1 :])
    elif what == "swap":
        lines[place], lines[place + 1] = lines[place + 1], lines[place]
        changed = b"".join(lines)
    elif what == "double":
        changed = b"".join([*lines[: place + 1], *lines[place:]])
    else:
        changed = merged(
            b"", [line(9)], SiteSigner(bytes(32)).public_key, SiteSigner(bytes(32)).sign
        )
    with pytest.raises(ErasureListDamaged):
        parse(changed, KEY)


@given(st.lists(st.integers(0, 20)), st.lists(st.integers(0, 20)))
def test_the_union_of_two_lists_counts(one: list[int], other: list[int]) -> None:
    first = merged(b"", map(line, one), KEY, SIGNER.sign)
    second = merged(b"", map(line, other), KEY, SIGNER.sign)
    both = merged(first, parse(second, KEY), KEY, SIGNER.sign)
    assert both.startswith(first)
    assert erased_ids(both, KEY) == {line(n).subject_id for n in {*one, *other}}


def test_a_copy_is_merged_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    own = list_in(tmp_path)
    own.append([line(1)])
    other = merged(b"", [line(1), line(7)], KEY, SIGNER.sign)
    assert own.merge(other) == 1
    assert own.lines() == [line(1), line(7)]
    with pytest.raises(ErasureListDamaged):
        own.merge(other.replace(b"2026", b"2027"))
    assert own.lines() == [line(1), line(7)]


@pytest.mark.slow
def test_processes_append_side_by_side(tmp_path: Path) -> None:
    workers = [
        subprocess.Popen([sys.executable, "-c", APPENDING, str(tmp_path), str(first)])
        for first in (0, 50, 100)
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert len(list_in(tmp_path).lines()) == 30
