"""Beats and their waves against the marks of LUDB's cardiologists.

The shares in ``core.delineation`` were set on the development half; the other half set nothing.
Scored between the first and the last beat marked, since the ends of a record are not.
"""

import time
from dataclasses import dataclass

import numpy as np
import pytest

from core.delineation import BeatMarks, delineate
from tests.conftest import SHARED
from tests.factories_ludb import SAME_BEAT_S, Marked, extract, read_all

LUDB = SHARED.parent / "ludb" / "ludb.tar.xz"
# sensitivity, mean error in ms, standard deviation in ms
BARS = {
    "qrs_onset": (0.99, 10, 12),
    "qrs_end": (0.99, 10, 15),
    "t_end": (0.97, 10, 25),
    "p_onset": (0.95, 10, 20),
}

pytestmark = pytest.mark.real
HALVES = ("development", "verification")


@dataclass(frozen=True)
class Scored:
    """A record and the beats found between its first and last beat marked."""

    record: Marked
    found: list[BeatMarks]

    @property
    def half(self) -> str:
        return HALVES[0] if self.record.number % 4 == 1 else HALVES[1]

    @property
    def p_leads_qrs(self) -> bool:
        """In a third-degree block a P belongs to no QRS."""
        named = self.record.conduction.lower()
        return self.record.rhythm.startswith("Sinus") and "iii degree" not in named


@pytest.fixture(scope="module")
def ludb(pytestconfig):
    if not LUDB.is_file():
        pytest.skip("LUDB is not there")
    root = extract(LUDB, pytestconfig.cache.mkdir("ludb"))
    return [Scored(record, within(delineate(record.ecg), record)) for record in read_all(root)]


def within(found, record):
    first, last = record.beats[0]["r"] - SAME_BEAT_S, record.beats[-1]["r"] + SAME_BEAT_S
    return [beat for beat in found if first < beat.r < last]


def errors(records, name):
    """Error of each mark in s, NaN where it was not found."""
    return np.array(
        [
            nearest(scored.found, beat["r"], name) - beat[name]
            for scored in records
            for beat in scored.record.beats
            if name in beat
        ]
    )


def nearest(found, r, name):
    beat = min(found, key=lambda beat: abs(beat.r - r))
    at = getattr(beat, name)
    return np.nan if at is None or abs(beat.r - r) > SAME_BEAT_S else at


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name", BARS)
def test_marks_stand_where_cardiologists_put_them(ludb, name, half):
    sensitivity, mean, deviation = BARS[name]
    sinus = [scored for scored in ludb if scored.half == half and scored.p_leads_qrs]
    assert len(sinus) > 30
    error = errors(sinus, name)
    hit = np.abs(error) <= SAME_BEAT_S
    assert hit.mean() >= sensitivity
    assert abs(1000 * error[hit].mean()) <= mean
    assert 1000 * error[hit].std() <= deviation


def test_every_beat_is_found_and_nothing_else(ludb):
    f1 = []
    for scored in ludb:
        marked = np.array([beat["r"] for beat in scored.record.beats])
        found = np.array([beat.r for beat in scored.found])
        hits = (np.abs(found[:, None] - marked) <= SAME_BEAT_S).any(axis=0).sum()
        f1.append(2 * hits / (len(found) + len(marked)))
    assert np.mean(f1) >= 0.995


def test_the_heart_rate_is_that_of_the_marked_beats(ludb):
    close = []
    for scored in ludb:
        marked = [beat["r"] for beat in scored.record.beats]
        found = [beat.r for beat in scored.found]
        rates = [60 / np.diff(times).mean() for times in (marked, found)]
        close.append(abs(rates[0] - rates[1]) <= 2)
    assert np.mean(close) >= 0.98


def test_fibrillation_seldom_has_p_waves(ludb):
    named = [scored for scored in ludb if "fibrillation" in scored.record.rhythm]
    seen = [beat.p_onset is not None for scored in named for beat in scored.found]
    assert len(named) >= 8
    assert np.mean(seen) <= 0.35


def test_ten_seconds_take_at_most_30_ms(ludb):
    begun = time.process_time()
    for scored in ludb:
        delineate(scored.record.ecg)
    assert (time.process_time() - begun) / len(ludb) <= 0.03  # processor time
