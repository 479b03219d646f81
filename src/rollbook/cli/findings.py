"""What `rollbook doctor` finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from rollbook.settings import Settings

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do where it is not "ok"."""

    what: str
    state: State
    found: str
    mend: str = ""


Check = Callable[[Settings], Iterator[Finding]]
