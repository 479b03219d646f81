"""The site key as words on paper (SLIP-39): one sheet, or shares of which some are needed.

Each sheet has 33 words of a list of 1024; the last three are a checksum. Up to three wrong words
are always found. Words are told apart by their first four letters.
"""

from __future__ import annotations

import base64
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet
from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from rollbook.errors import DecryptionFailed, InvalidInput
from rollbook.storage.connecting import connect_engine, parse_address
from rollbook.storage.keys import SEAL, unwrap
from rollbook.storage.live_keys import wrapped_data_keys
from rollbook.storage.migrating import revision_of

WORDS = 33  # on each sheet
MOST_SHARES = 16
PATIENCE = 10.0  # seconds for a database that is being written
_BY_BEGINNING: dict[str, str] = {word[:4]: word for word in WORDLIST}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on one sheet; `needed` of `of` sheets give the key back."""

    number: int  # 1..of
    needed: int
    of: int
    words: tuple[str, ...] = field(repr=False)


def split(key: bytes, needed: int = 1, of: int = 1) -> list[Sheet]:
    """Return a site key as sheets.

    Raises:
        InvalidInput: so many sheets cannot be made.
    """
    if not (needed == of == 1 or 2 <= needed <= of <= MOST_SHARES):
        raise InvalidInput(
            "Give --shares 2 or more, and --of that many or more, %(most)s at most.",
            most=MOST_SHARES,
        )
    secret = base64.urlsafe_b64decode(key)
    [made] = generate_mnemonics(1, [(needed, of)], secret)
    return [
        Sheet(number, needed, of, tuple(text.split())) for number, text in enumerate(made, start=1)
    ]


def read_words(text: str, sheet: int = 1) -> list[str]:
    """Return the words of a text: typed, or from a file; numbers and signs between are skipped.

    Raises:
        InvalidInput: a word is not in the list; the text names it, and similar ones.
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = re.findall(r"[^\W\d_]+", " ".join(lines).lower())
    return [_known(word, at, sheet) for at, word in enumerate(found)]


def _known(word: str, at: int, sheet: int) -> str:
    full = _BY_BEGINNING.get(word[:4])
    if full is not None and full.startswith(word):
        return full
    near = difflib.get_close_matches(word, WORDLIST, n=3, cutoff=0.6)
    hint = f" Is it {' or '.join(near)}?" if near else ""
    raise InvalidInput(
        "Word %(number)s of sheet %(sheet)s, “%(word)s”, is not one that a sheet can "
        "have.%(hint)s Nothing was changed.",
        number=at % WORDS + 1,
        sheet=sheet + at // WORDS,
        word=word[:20],
        hint=hint,
    )


class Gathered:
    """The sheets that were read so far, in any order."""

    def __init__(self) -> None:
        self._shares: dict[int, Share] = {}

    @property
    def missing(self) -> int | None:
        """Return how many more are needed; None before the first one."""
        first = next(iter(self._shares.values()), None)
        return None if first is None else max(0, first.member_threshold - len(self._shares))

    def add(self, text: str) -> None:
        """Read one or several whole sheets; one that was read before changes nothing.

        Raises:
            InvalidInput: a wrong word, too many or too few, or a sheet of another key.
        """
        begin = len(self._shares) + 1
        words = read_words(text, begin)
        if not words or len(words) % WORDS:
            raise InvalidInput(
                "A sheet has %(words)s words; after %(whole)s whole ones these are %(left)s. "
                "Nothing was changed.",
                words=WORDS,
                whole=len(words) // WORDS,
                left=len(words) % WORDS,
            )
        for at in range(0, len(words), WORDS):
            self._add(words[at : at + WORDS], begin + at // WORDS)

    def _add(self, words: Sequence[str], sheet: int) -> None:
        try:
            share = Share.from_mnemonic(" ".join(words))
        except MnemonicError as error:
            raise InvalidInput(
                "Sheet %(sheet)s holds a wrong word, or two words have changed places: its "
                "checksum does not fit. Compare it word by word. Nothing was changed.",
                sheet=sheet,
            ) from error
        others = self._shares.values()
        if any(other.common_parameters() != share.common_parameters() for other in others):
            raise InvalidInput(
                "Sheet %(sheet)s was made at another time than those before, and does not go "
                "with them. Sheets that belong together begin with the same two words.",
                sheet=sheet,
            )
        self._shares[share.index] = share

    def key(self) -> bytes:
        """Return the site key.

        Raises:
            InvalidInput: sheets are missing, or these do not give a key together.
        """
        if self.missing is None or self.missing:
            more = "a" if self.missing is None else str(self.missing) + " more"
            raise InvalidInput(
                "It needs %(more)s sheet(s). Nothing was changed.",
                more=more,
            )
        needed = next(iter(self._shares.values())).member_threshold
        chosen = [share.mnemonic() for share in list(self._shares.values())[:needed]]
        try:
            return base64.urlsafe_b64encode(combine_mnemonics(chosen))
        except MnemonicError as error:
            raise InvalidInput(
                "These sheets do not give a key together. Nothing was changed."
            ) from error


def gather(texts: Iterable[str]) -> bytes:
    """Return the site key of sheets in any order; raises InvalidInput."""
    gathered = Gathered()
    for text in texts:
        gathered.add(text)
    return gathered.key()


def fits(url: str, key: bytes) -> bool | None:
    """Return whether this site key opens the database at this address; None: there is none."""
    parsed = parse_address(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file():
        return None
    engine = connect_engine(url, PATIENCE)
    try:
        with engine.connect() as connection:
            if revision_of(connection) is None:
                return None
            unwrap(Fernet(key), f"data:{SEAL}", wrapped_data_keys(connection)[SEAL])
    except DecryptionFailed:
        return False
    finally:
        engine.dispose()
    return True
