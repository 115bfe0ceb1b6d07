"""A score that follows a change passes, one that does not fails: each check can do both."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.arrays import Floats
from core.changes import scaled
from core.checkpoint import load
from core.ecg import Ecg
from core.errors import DatasetUnreadable
from core.metamorphic import (
    RELATIONS,
    Check,
    all_checks,
    network_score,
    probes,
    recorded_twice_check,
    refusal_checks,
    relation_checks,
    reversal_checks,
    zeroed_lead_check,
)
from core.predict import Predictor
from core.ptbxl import Ptbxl
from core.quality import assess
from tests.factories_dataset import dataset, edited
from tests.factories_ecg import ecg, write_record

ECGS = [ecg(seed) for seed in range(4)]
MUST_MOVE = {relation.name for relation in RELATIONS if relation.moves}


def blind(ecgs: Sequence[Ecg]) -> Floats:
    """What the published network is to voltage and to leads."""
    return np.full((len(ecgs), 5), 0.3)


def sound(ecgs: Sequence[Ecg]) -> Floats:
    """Sees which lead is how tall, and neither time nor rate nor a little noise."""
    heights = np.array([np.quantile(e.signal, 0.99, axis=1)[[0, 3, 6, 8, 11]] for e in ecgs])
    return 1 / (1 + np.exp(-heights.reshape(-1, 5)))


def restless(ecgs: Sequence[Ecg]) -> Floats:
    """Tells another story of every sample."""
    return np.array([e.signal[:5, 7] * 1e3 % 1 for e in ecgs], dtype=np.float64).reshape(-1, 5)


def passed(checks: Sequence[Check]) -> set[str]:
    return {check.name for check in checks if check.passed}


def test_a_sound_score_passes_every_relation() -> None:
    assert passed(relation_checks(sound, ECGS)) == {relation.name for relation in RELATIONS}


def test_a_blind_score_fails_where_the_opinion_must_change() -> None:
    assert passed(relation_checks(blind, ECGS)).isdisjoint(MUST_MOVE)


def test_a_restless_score_fails_where_the_opinion_must_stay() -> None:
    assert passed(relation_checks(restless, ECGS)) == MUST_MOVE


def test_a_check_says_how_many_moved_and_how_far() -> None:
    (check,) = [c for c in relation_checks(blind, ECGS) if c.name == "voltage x4"]
    assert check == Check(
        name="voltage x4",
        records=4,
        held=0.0,
        bar=0.95,
        sentence="A probability moved by more than 0.05 in 0 of 4 records, as it must; the "
        "largest of five moved by 0.000 in a typical one.",
    )


def test_a_refusal_is_a_change_of_the_opinion() -> None:
    def refuses_the_tall(ecgs: Sequence[Ecg]) -> Floats:
        tall = np.array([np.ptp(e.signal) > 5 for e in ecgs])
        return np.where(tall[:, None], np.nan, blind(ecgs))

    assert "voltage x4" in passed(relation_checks(refuses_the_tall, ECGS))
    assert "voltage x0.25" not in passed(relation_checks(refuses_the_tall, ECGS))


def test_what_is_refused_as_it_is_has_no_opinion_to_follow() -> None:
    def refuses_the_first(ecgs: Sequence[Ecg]) -> Floats:
        return np.where(np.arange(len(ecgs))[:, None] == 0, np.nan, sound(ecgs))

    assert {check.records for check in relation_checks(refuses_the_first, ECGS)} == {3}


def test_nothing_is_shown_by_no_records() -> None:
    checks = [*relation_checks(sound, []), *reversal_checks([]), *refusal_checks([])]
    assert passed([*checks, recorded_twice_check(sound, [])]) == set()


@pytest.mark.parametrize(("held", "passes"), [(0.949, False), (0.95, True), (1.0, True)])
def test_a_check_passes_from_its_bar(held: float, passes: bool) -> None:
    check = Check(name="one", records=1000, held=held, bar=0.95, sentence="")
    assert check.passed is passes


def test_the_same_heart_written_finer_must_be_the_same() -> None:
    pairs = [(one, ecg(seed, rate=500)) for seed, one in enumerate(ECGS)]
    strangers = [(one, ecg(seed + 9, rate=500)) for seed, one in enumerate(ECGS)]
    assert recorded_twice_check(sound, pairs).passed
    assert not recorded_twice_check(sound, strangers).passed


def test_exchanged_leads_are_warned_of_and_others_are_not() -> None:
    assert passed(reversal_checks(ECGS)) == {
        "leads in their places",
        "arm electrodes exchanged",
        "V1 and V6 exchanged",
    }


def test_a_false_alarm_in_four_fails() -> None:
    turned = Ecg(signal=ECGS[0].signal[::-1].copy(), rate=100)
    alarm = reversal_checks([turned, *ECGS[1:]])[0]
    assert (alarm.held, alarm.passed) == (0.75, False)
    assert alarm.sentence == "1 of 4 records are suspected of exchanged leads."


def test_everything_unreadable_is_refused_and_the_reason_is_told() -> None:
    checks = refusal_checks(ECGS)
    assert [check.name for check in checks if not check.passed] == []
    assert checks[0].sentence == (
        "4 of 4 records are refused: All twelve leads are flat: check the electrodes and the cable."
    )


def test_one_record_that_is_read_fails_a_refusal() -> None:
    (check,) = refusal_checks(ECGS, {"nothing done": scaled(1)})
    assert (check.held, check.passed) == (0.0, False)
    assert check.sentence == "0 of 4 records are refused: no reason"


def test_a_zeroed_lead_is_asked_of_the_network(checkpoint: Path) -> None:
    check = zeroed_lead_check(load(checkpoint), ECGS)
    assert check.name == "one lead zeroed"
    assert check.records % 12 == 0
    assert check.bar == pytest.approx(0.95)


def test_no_gate_stands_before_the_network(checkpoint: Path) -> None:
    predictor = Predictor(load(checkpoint))
    flat = Ecg(signal=np.zeros_like(ECGS[0].signal), rate=100)
    assert predictor.predict([flat])[0].probabilities is None
    assert np.isfinite(network_score(predictor)([flat, ECGS[0]])).all()


def in_fold_9(data: Ptbxl, patients: Sequence[int]) -> Ptbxl:
    def change(rows: list[dict[str, str]]) -> None:
        for row, patient in zip(rows, patients, strict=True):
            row |= {"strat_fold": "9", "patient_id": str(patient)}

    return edited(data, change)


IN_9A, IN_9B = 1, 2  # by the digest of ``core.roles``


def test_probes_are_those_of_9b_at_even_steps(tmp_path: Path) -> None:
    data = in_fold_9(dataset(tmp_path, 8), [IN_9A, IN_9B] * 4)
    found = probes(data, 2)
    assert found.role == "9b"
    assert [one.ecg_id for one in found.ecgs] == [2, 6]


def test_probes_are_those_of_1_to_9_where_9b_has_too_few(tmp_path: Path) -> None:
    found = probes(in_fold_9(dataset(tmp_path, 4), [IN_9A, IN_9A, IN_9A, IN_9B]), 300)
    assert found.role == "1-9"
    assert [one.ecg_id for one in found.ecgs] == [1, 2, 3, 4]
    assert found.twice == ()


def test_the_locked_test_decides_nothing(tmp_path: Path) -> None:
    """The gate stops a challenger on what these records show."""
    data = dataset(tmp_path, 4)
    mostly = edited(data, lambda rows: [row.update(strat_fold="10") for row in rows[1:]])
    assert [one.ecg_id for one in probes(mostly, 300).ecgs] == [1]
    locked = edited(data, lambda rows: [row.update(strat_fold="10") for row in rows])
    with pytest.raises(DatasetUnreadable, match="no record of fold 1-9: it holds the folds 10"):
        probes(locked, 300)


def test_what_cannot_be_read_is_no_probe(tmp_path: Path) -> None:
    data = dataset(tmp_path, 3)
    (tmp_path / "records100/00000/00002_lr.dat").unlink()
    assert [one.ecg_id for one in probes(data, 3).ecgs] == [1, 3]
    for ecg_id in (1, 3):
        (tmp_path / f"records100/00000/{ecg_id:05d}_lr.dat").unlink()
    with pytest.raises(DatasetUnreadable) as error:
        probes(data, 3)
    assert str(error.value) == (
        f"of 3 records of {tmp_path} none has an opinion: 3 cannot be read, run "
        "'trustecg data verify'"
    )


def test_records_that_the_gate_refuses_are_not_said_to_be_files_at_fault(tmp_path: Path) -> None:
    data = dataset(tmp_path, 3)
    for record in data.records.values():
        write_record(tmp_path / record.filename_lr, np.zeros((12, 1000)))
    (tmp_path / "records100/00000/00002_lr.dat").unlink()
    refusal = assess(data.read(1)).reasons[0]
    with pytest.raises(DatasetUnreadable) as error:
        probes(data, 3)
    assert str(error.value) == (
        f"of 3 records of {tmp_path} none has an opinion: 1 cannot be read, run "
        f"'trustecg data verify'; the quality gate refuses 2, the first for: {refusal}"
    )


def test_all_checks_name_each_relation_once(checkpoint: Path, tmp_path: Path) -> None:
    found = probes(dataset(tmp_path, 2), 2)
    names = [check.name for check in all_checks(load(checkpoint), found)]
    assert len(names) == len(set(names))
    assert {relation.name for relation in RELATIONS} < set(names)
