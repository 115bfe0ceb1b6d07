"""What is worked out once and kept, for as long as what it rests on stands.

Each process keeps its own; nothing of it is stored. What is kept never goes by time: a stale
figure would be taken for a true one.
"""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")
KEPT = "kept"  # where a session of a read transaction has the ``Kept`` of its database


class Kept:
    """One value and the key that it stands for; another key takes its place."""

    def __init__(self) -> None:
        self._lock = Lock()  # who asks meanwhile waits for the value and does not work it out too
        self._key: Hashable = None
        self._value: Any = None

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value that was made for this key, or that is made now."""
        with self._lock:
            if self._key != key:
                self._key, self._value = None, None  # one at a time in memory, also while making
                self._value = make()
                self._key = key
            value: T = self._value
            return value


class Once:
    """The results of pure functions of one value that never changes, each worked out once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._turns: dict[Callable[..., Any], Lock] = {}
        self._results: dict[Callable[..., Any], Any] = {}

    def of(self, work: Callable[[Any], T], value: object) -> T:
        """What ``work`` makes of the value; one kind of work does not wait for another."""
        with self._lock:
            turn = self._turns.setdefault(work, Lock())
        with turn:
            if work not in self._results:
                self._results[work] = work(value)
            result: T = self._results[work]
            return result
