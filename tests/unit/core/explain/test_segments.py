from dataclasses import asdict, replace

import numpy as np
import pytest

from core.delineation import BeatMarks
from core.ecg import LEADS, Ecg, Lead
from core.explain.segments import Segment, Wave, from_marks, segment
from core.simulate import simulate_record

BEAT = BeatMarks(
    r=1.0, p_onset=0.8, p_end=0.9, qrs_onset=0.95, qrs_end=1.05, t_onset=1.2, t_end=1.4
)


def later(by):
    """The same beat so many seconds later."""
    return BeatMarks(**{name: at + by for name, at in asdict(BEAT).items()})


def of_lead(beats, lead=Lead.II):
    """Each part of a lead with its first and last sample."""
    found = from_marks(beats)
    row = found.ids[LEADS.index(lead)]
    return [
        (part.wave, part.beat, int(np.flatnonzero(row == n)[0]), int(np.flatnonzero(row == n)[-1]))
        for n, part in enumerate(found.parts)
        if part.lead is lead
    ]


def test_a_beat_is_cut_at_its_marks_and_what_is_between_is_rest():
    assert of_lead([BEAT]) == [
        (Wave.P, 0, 80, 94),
        (Wave.QRS, 0, 95, 104),
        (Wave.ST, 0, 105, 119),
        (Wave.T, 0, 120, 139),
        (Wave.REST, 0, 0, 79),
        (Wave.REST, 1, 140, 999),
    ]


def test_a_wave_that_was_not_found_is_no_part():
    lost = replace(BEAT, p_onset=None, p_end=None, t_onset=None, t_end=None)
    assert [wave for wave, *_ in of_lead([lost])] == [Wave.QRS, Wave.REST, Wave.REST]


def test_a_t_wave_without_a_beginning_leaves_st_its_share():
    lost = replace(BEAT, p_onset=None, qrs_end=1.0, t_onset=None)
    assert of_lead([lost])[1:3] == [(Wave.ST, 0, 100, 117), (Wave.T, 0, 118, 139)]


def test_where_beats_overlap_the_later_one_begins():
    assert of_lead([BEAT, later(0.5)])[3:5] == [(Wave.T, 0, 120, 129), (Wave.P, 1, 130, 144)]


def test_what_lies_outside_the_record_is_no_part():
    assert of_lead([later(8.9)]) == [
        (Wave.P, 0, 970, 984),
        (Wave.QRS, 0, 985, 994),
        (Wave.ST, 0, 995, 999),
        (Wave.REST, 0, 0, 969),
    ]


@pytest.mark.parametrize("beats", [[], [BEAT], [BEAT, later(0.3)], [later(8.9)]])
def test_every_sample_belongs_to_one_part_and_every_part_has_samples(beats):
    for found in (from_marks(beats), from_marks(beats).grouped()):
        assert np.array_equal(np.unique(found.ids), np.arange(len(found.parts)))
        assert (found.masks().sum(0) == 1).all()
        for number, part in enumerate(found.parts):
            rows = np.unique(np.nonzero(found.ids == number)[0])
            assert [LEADS[row] for row in rows] == [part.lead]


def test_without_beats_the_record_is_cut_into_seconds():
    found = from_marks([])
    assert found.parts[:2] == (Segment(Lead.I, Wave.SECOND, 0), Segment(Lead.I, Wave.SECOND, 1))
    assert len(found.parts) == 120
    assert (found.ids[0, :100] == 0).all()
    assert found.grouped().parts == found.parts


def test_all_occurrences_of_a_wave_in_a_lead_are_one_group():
    found = from_marks([BEAT, later(1)]).grouped()
    assert found.parts[:5] == tuple(Segment(Lead.I, wave, None) for wave in list(Wave)[:5])
    qrs = found.ids[0] == 1
    assert (np.flatnonzero(qrs) == np.r_[95:105, 195:205]).all()


def test_sums_and_shares_are_of_the_parts():
    found = from_marks([BEAT])
    values = np.zeros((12, 1000))
    values[1, 95:105] = 0.5
    sums = found.sums(values)
    number = found.parts.index(Segment(Lead.II, Wave.QRS, 0))
    assert sums[number] == pytest.approx(5)
    assert sums.sum() == pytest.approx(5)
    assert found.spread(sums) == pytest.approx(values)


def test_a_simulated_record_is_cut_where_its_waves_are():
    made = simulate_record(3, rate=100.0)
    found = segment(made.ecg)
    for beat in made.truth.beats[1:-1]:
        assert found.parts[found.ids[0, round(beat.r * 100)]].wave is Wave.QRS
        assert found.parts[found.ids[0, round((beat.qrs_off + 0.04) * 100)]].wave is Wave.ST
        assert found.parts[found.ids[0, round(beat.t_off * 100) - 8]].wave is Wave.T


def test_noise_without_beats_is_cut_into_seconds():
    still = Ecg(signal=np.zeros((12, 1000), np.float32), rate=100)
    assert segment(still).parts[0].wave is Wave.SECOND
