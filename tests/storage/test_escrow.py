"""The site key as words: whole, wrong, too few, mixed up."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from shamir_mnemonic.wordlist import WORDLIST

from rollbook.errors import InvalidInput
from rollbook.storage.escrow import WORDS, Gathered, Sheet, fits, gather, read_words, split
from rollbook.storage.keys import site_key_file

KEY = Fernet.generate_key()


def text_of(sheet: Sheet) -> str:
    return " ".join(sheet.words)


def test_one_sheet_gives_the_key_back_however_it_is_written() -> None:
    [sheet] = split(KEY)
    assert (sheet.number, sheet.needed, sheet.of, len(sheet.words)) == (1, 1, 1, WORDS)
    numbered = "\n".join(f"{at}. {word.title()}" for at, word in enumerate(sheet.words, start=1))
    beginnings = " ".join(word[:4] for word in sheet.words)
    for text in (
        text_of(sheet),
        text_of(sheet).upper(),
        numbered,
        beginnings,
        f"# mine\n{numbered}",
    ):
        assert gather([text]) == KEY


def test_any_three_of_five_in_any_order_give_the_key_back() -> None:
    sheets = split(KEY, 3, 5)
    for chosen in combinations(sheets, 3):
        mixed = random.sample(chosen, 3)
        assert gather(map(text_of, mixed)) == KEY
    assert gather(["\n\n".join(map(text_of, sheets))]) == KEY  # all, in one file


def test_two_of_three_are_not_enough_and_one_twice_is_one() -> None:
    sheets = split(KEY, 3, 5)
    gathered = Gathered()
    assert gathered.missing is None
    for sheet in (sheets[0], sheets[3], sheets[0]):
        gathered.add(text_of(sheet))
    assert gathered.missing == 1
    with pytest.raises(InvalidInput, match="1 more sheet"):
        gathered.key()
    gathered.add(text_of(sheets[1]))
    assert gathered.key() == KEY


def test_shares_of_two_days_do_not_mix() -> None:
    first, second = split(KEY, 2, 3), split(KEY, 2, 3)
    with pytest.raises(InvalidInput, match="made at another time"):
        gather([text_of(first[0]), text_of(second[1])])


def test_a_misspelt_word_is_named_with_what_it_may_be() -> None:
    words = list(split(KEY, 2, 3)[0].words)
    right = words[6]
    words[6] = right[0] + "x" + right[2:]
    with pytest.raises(InvalidInput, match=f"Word 7 of sheet 1, “{words[6]}”") as caught:
        gather([" ".join(words)])
    assert right in str(caught.value)


@given(at=st.integers(0, WORDS - 1), word=st.sampled_from(WORDLIST))
def test_a_wrong_word_never_gives_a_wrong_key(at: int, word: str) -> None:
    [sheet] = split(KEY)
    words = list(sheet.words)
    right, words[at] = words[at], word
    if word == right:
        assert gather([" ".join(words)]) == KEY
    else:
        with pytest.raises(InvalidInput, match="checksum"):
            gather([" ".join(words)])


@given(st.text(max_size=300))
def test_any_text_is_words_or_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        gather([text])


@pytest.mark.parametrize("number", [0, 1, 32, 34, 65])
def test_too_many_or_too_few_words(number: int) -> None:
    words = (text_of(split(KEY)[0]) + " ") * 3
    with pytest.raises(InvalidInput, match="33 words"):
        gather([" ".join(words.split()[:number])])


@pytest.mark.parametrize(("needed", "of"), [(1, 2), (3, 2), (0, 0), (2, 17), (1, 5)])
def test_shares_that_make_no_sense(needed: int, of: int) -> None:
    with pytest.raises(InvalidInput, match="--shares"):
        split(KEY, needed, of)


def test_words_are_hidden_where_a_sheet_is_printed_by_mistake() -> None:
    [sheet] = split(KEY)
    assert sheet.words[5] not in repr(sheet)


def test_words_of_four_letters_tell_all_words_apart() -> None:
    assert read_words(" ".join(word[:4] for word in WORDLIST)) == list(WORDLIST)


def test_whether_a_key_opens_a_database(book: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{(book / 'rollbook.db').as_posix()}"
    assert fits(url, site_key_file(book / "keys").read_bytes()) is True
    assert fits(url, KEY) is False
    assert fits(f"sqlite:///{(tmp_path / 'none.db').as_posix()}", KEY) is None
    assert not (tmp_path / "none.db").exists()
    empty = tmp_path / "empty.db"
    empty.touch()
    assert fits(f"sqlite:///{empty.as_posix()}", KEY) is None
