"""SQLite as fast as tests need it: what was written need not outlive a power cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import pytest
from sqlalchemy import Engine, event

from rollbook.storage import connecting


class Compiled(dict[tuple[Any, ...], Any]):
    """Statements that SQLAlchemy compiled, for all of a process's databases of one kind.

    It keeps them with a database, of which each test has one of its own, so that a quarter of the
    time went into compiling what the test before had compiled. A key begins with the dialect.
    """

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        super().__setitem__(key[1:], value)


@contextmanager
def quick_sqlite() -> Iterator[None]:
    """Wait for no disk, and compile a statement once, in the block."""
    prepare, compiled = connecting._prepare_sqlite, Compiled()

    @wraps(prepare)
    def prepared(engine: Engine, patience: float) -> None:
        prepare(engine, patience)
        engine.update_execution_options(compiled_cache=compiled)
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connecting, "_prepare_sqlite", prepared)
        yield
