"""Intervals of the records on screen: measured once, kept for a while."""

from collections import OrderedDict
from threading import Lock

from core.ecg import Ecg
from core.intervals import Intervals, measure

_KEPT = 32  # as many as the samples they are of; a median beat has 30 KB


class Measurements:
    """The intervals of the last records shown, by the very samples they were measured on."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        # the ECG is kept with its intervals, so that no other can take its place in memory
        self._found: OrderedDict[int, tuple[Ecg, Intervals]] = OrderedDict()
        self._lock = Lock()

    def of(self, ecg: Ecg) -> Intervals:
        """The intervals of an ECG; some 15 ms the first time."""
        with self._lock:
            if id(ecg) in self._found:
                self._found.move_to_end(id(ecg))
                return self._found[id(ecg)][1]
        measured = measure(ecg)
        with self._lock:
            self._found[id(ecg)] = ecg, measured
            while len(self._found) > self._kept:
                self._found.popitem(last=False)
        return measured
