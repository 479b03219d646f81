"""A small memory of what was costly to open; it forgets the oldest."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Bounded(Generic[Key, Value]):
    """Remembers at most `limit` values; safe to share between threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[Key, Value] = {}
        self._lock = Lock()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of the key, made now when it is not remembered."""
        found = self._known.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            while len(self._known) >= self._limit:
                self._known.pop(next(iter(self._known)))
            self._known[key] = value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()

    def __len__(self) -> int:
        return len(self._known)
