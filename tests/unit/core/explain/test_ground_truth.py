import numpy as np
import pytest

from core.ecg import LEADS, Lead, Superclass
from core.errors import DatasetUnreadable
from core.explain.ground_truth import aim, chance, r_peaks, regions, tolerant
from core.ptbxl import Ptbxl
from core.simulate import simulate_dataset
from tests.factories_ecg import ecg


def region(lead: Lead = Lead.V2, start: int = 300, end: int = 340):
    where = np.zeros((12, 1000), dtype=bool)
    where[LEADS.index(lead), start:end] = True
    return where


def test_the_right_map_hits_and_holds_all_of_the_mass():
    found = aim(region().astype(float), region())
    assert (found.hit, found.mass) == (1.0, 1.0)


def test_what_speaks_against_the_class_is_no_mass():
    attribution = region() - 5.0 * region(Lead.V5)
    assert aim(attribution, region()).mass == 1.0


def test_the_right_time_in_another_lead_is_a_miss():
    found = aim(region(Lead.V3).astype(float), region())
    assert (found.hit, found.mass) == (0.0, 0.0)


@pytest.mark.parametrize("at, hit", [(296, 1.0), (343, 1.0), (294, 0.0), (345, 0.0)])
def test_forty_milliseconds_beside_the_region_is_still_a_hit(at, hit):
    assert aim(region(start=at, end=at + 1).astype(float), region()).hit == hit


def test_a_single_loud_sample_does_not_outweigh_a_wave():
    attribution = region().astype(float)
    attribution[0, 500] = 1.5
    assert aim(attribution, region()).hit == 1.0


def test_random_maps_hit_as_often_as_chance_has_it():
    where = region(start=100, end=900) | region(Lead.I, 0, 1000) | region(Lead.V6, 0, 1000)
    rng = np.random.default_rng(0)
    hits = [aim(rng.standard_normal((12, 1000)), where).hit for _ in range(400)]
    assert np.mean(hits) == pytest.approx(chance(where).hit, abs=0.06)
    assert chance(where).hit == tolerant(where).mean()


def test_a_map_that_says_the_same_everywhere_hits_as_chance_does():
    assert aim(np.ones((12, 1000)), region()).hit == pytest.approx(chance(region()).hit)


def test_r_peaks_hit_what_lies_at_the_r_peaks():
    signal = ecg().signal
    everywhere, nowhere = np.ones((12, 1000), dtype=bool), np.zeros((12, 1000), dtype=bool)
    assert r_peaks(signal, everywhere).hit == 1.0
    assert r_peaks(signal, nowhere).hit == 0.0
    one_lead = nowhere.copy()
    one_lead[3] = True
    assert r_peaks(signal, one_lead).hit == pytest.approx(1 / 12)
    assert r_peaks(np.zeros_like(signal), everywhere).hit == 0.0


def test_regions_are_where_the_simulator_wrote_them(tmp_path):
    dataset = Ptbxl.open(simulate_dataset(tmp_path, 12, seed=4))
    for record in dataset.records.values():
        found = regions(dataset, record.ecg_id)
        assert set(found) == record.superclasses - {Superclass.NORM}
        assert all(0 < where.mean() < 0.6 for where in found.values())


def test_records_without_truth_are_refused(tmp_path):
    dataset = Ptbxl.open(simulate_dataset(tmp_path, 1, seed=4))
    (tmp_path / "truth" / "00001.json").unlink()
    with pytest.raises(DatasetUnreadable) as refused:
        regions(dataset, 1)
    assert str(refused.value) == (
        f"no {tmp_path / 'truth' / '00001.json'}: ground truth is known of simulated records "
        "alone, make some with 'trustecg data simulate'"
    )
