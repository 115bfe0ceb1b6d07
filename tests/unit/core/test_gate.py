"""What stops a challenger and what does not, each check by itself."""

import numpy as np
import pytest

from core import gate
from core.gate import Contest, GateCheck, GateReport
from core.metamorphic import Check


def contest(
    records: int = 600, *, champion: float = 0.4, challenger: float = 0.4, noise: float = 0.0
) -> Contest:
    """Two models of so much skill on the same records, two of each patient."""
    rng = np.random.default_rng(0)
    label = rng.random((records, 5)) < 0.3
    luck = rng.random(label.shape) * 0.6
    own = luck + noise * rng.standard_normal(label.shape)
    return Contest(
        champion=np.clip(champion * label + luck, 0, 1),
        challenger=np.clip(challenger * label + own, 0, 1),
        label=label,
        patient=np.arange(records) // 2,
    )


def check(held: float, bar: float = 0.95) -> Check:
    return Check(name="200 ms later", records=100, held=held, bar=bar, sentence="It moved.")


def only(checks: list[GateCheck], failing: str) -> None:
    assert [c.name for c in checks if c.passed is not True] == [failing]


class TestDiscrimination:
    def test_the_champion_itself_passes(self) -> None:
        found = gate.discrimination_checks(contest())
        assert [c.name for c in found] == [
            "macro AUROC on 9b",
            *(f"AUROC of {name} on 9b" for name in ("NORM", "MI", "STTC", "CD", "HYP")),
        ]
        assert all(c.passed for c in found)
        assert found[0].figures == {"difference": 0.0, "low": 0.0, "high": 0.0}

    def test_one_class_that_falls_is_named(self) -> None:
        both = contest()
        both.challenger[:, 1] = both.challenger[:, 1] - 0.15 * both.label[:, 1]
        fallen = [c.name for c in gate.discrimination_checks(both) if not c.passed]
        assert "AUROC of MI on 9b" in fallen and "AUROC of CD on 9b" not in fallen

    def test_a_fall_that_the_records_cannot_exclude_stops_too(self) -> None:
        few = contest(60, noise=0.15)
        assert not all(c.passed for c in gate.discrimination_checks(few))

    def test_a_class_that_nobody_has_shows_nothing(self) -> None:
        both = contest()
        both.label[:, 4] = False
        only(gate.discrimination_checks(both), "AUROC of HYP on 9b")


class TestCalibration:
    def test_a_little_worse_passes_and_more_does_not(self) -> None:
        both = contest()
        assert all(c.passed for c in gate.calibration_checks(both))
        both.challenger[:, 2] = np.clip(both.challenger[:, 2] + 0.3, 0, 1)
        only(gate.calibration_checks(both), "calibration of STTC on 9b")


class TestSubgroups:
    def test_a_group_that_loses_is_named(self) -> None:
        both = contest()
        sex = ["female" if i % 4 < 2 else "male" for i in range(600)]
        age = [40 if i < 300 else 300 if i % 2 else 70 for i in range(600)]
        assert all(c.passed for c in gate.subgroup_checks(both, sex, age))
        women = np.array([s == "female" for s in sex])
        both.challenger[women] = 0.5 - 0.3 * both.label[women]
        failed = [c.name for c in gate.subgroup_checks(both, sex, age) if not c.passed]
        assert "macro AUROC of women" in failed
        assert "macro AUROC of men" not in failed

    def test_a_group_without_records_shows_nothing(self) -> None:
        found = gate.subgroup_checks(contest(), ["male"] * 600, [None] * 600)
        assert [c.passed for c in found] == [False, True, False, False]
        assert found[0].sentence == (
            "0 records are too few for the macro AUROC of women: nothing is shown."
        )


class TestHardChecks:
    @pytest.mark.parametrize(
        ("before", "after", "passed"),
        [
            (0.99, 0.96, True),
            (0.99, 0.94, False),
            (0.90, 0.89, False),
            (0.90, 0.90, True),  # the champion's own fault, no worse
            (0.90, 0.93, True),
        ],
    )
    def test_what_must_hold(self, before: float, after: float, passed: bool) -> None:
        (found,) = gate.hard_checks([check(before)], [check(after)])
        assert found.passed is passed

    def test_a_check_that_the_champion_had_not_is_one_like_any_other(self) -> None:
        (found,) = gate.hard_checks([], [check(0.5)])
        assert found.passed is False


NOTHING = np.zeros(5)  # was corrected by what was taught


class TestWhereItWasTaught:
    said = np.ones((600, 5), dtype=bool)

    def test_better_is_shown_by_the_interval(self) -> None:
        found = gate.taught_check(contest(champion=0.2, challenger=0.4), self.said, NOTHING)
        assert found.passed and found.figures["low"] > 0
        assert found.sentence.endswith("better where it was taught.")

    @pytest.mark.parametrize("skill", [0.4, 0.2])
    def test_the_same_or_worse_is_not_better(self, skill: float) -> None:
        found = gate.taught_check(contest(challenger=skill), self.said, NOTHING)
        assert found.passed is False
        assert "not shown to be better where it was taught" in found.sentence

    def test_classes_that_were_left_open_do_not_count(self) -> None:
        both = contest(challenger=0.6)
        both.challenger[:, 1:] = 1 - both.champion[:, 1:]
        said = self.said & (np.arange(5) == 0)
        assert gate.taught_check(both, said, NOTHING).passed is True

    @pytest.mark.parametrize(("corrections", "passed"), [(0, False), (300, True)])
    def test_four_classes_that_nobody_corrected_do_not_hide_the_fifth(
        self, corrections: int, passed: bool
    ) -> None:
        both = contest(80)
        luck = np.random.default_rng(1).normal(0, 0.25, both.label.shape)
        both.challenger[:] = np.clip(both.champion + luck * (np.arange(5) != 3), 0.05, 0.95)
        both.challenger[:, 3] += 0.05 * np.where(both.label[:, 3], 1, -1)
        corrected = np.where(np.arange(5) == 3, corrections, 0)
        assert gate.taught_check(both, self.said[:80], corrected).passed is passed

    def test_it_may_cost_nothing_in_the_classes_that_nobody_corrected(self) -> None:
        both = contest(challenger=0.5)
        both.challenger[:, :3] = 1 - both.champion[:, :3]
        found = gate.taught_check(both, self.said, np.array([0, 0, 0, 300, 0]))
        assert found.figures["low"] > 0 and found.passed is False
        assert found.sentence.endswith("better where it was taught, and worse elsewhere.")

    def test_too_few_readings_show_nothing(self) -> None:
        few = contest(29)
        found = gate.taught_check(few, self.said[:29], NOTHING)
        assert (found.passed, found.figures) == (False, {"records": 29})


class TestAnswersTheOtherWayRound:
    said = np.ones((600, 5), dtype=bool)

    def test_answers_like_those_of_9b_pass(self) -> None:
        found = gate.opposition_check(contest(), self.said, contest())
        assert found.passed
        assert found.sentence.endswith(
            "no class is answered the other way round than the champion finds it."
        )

    def test_the_class_that_is_flipped_is_named(self) -> None:
        read = contest()
        read.label[:, 1] = ~read.label[:, 1]
        found = gate.opposition_check(read, self.said, contest())
        assert found.passed is False
        assert "is right about on 9b, of MI (0." in found.sentence and "CD" not in found.sentence

    def test_a_class_that_the_champion_does_not_know_cannot_be_answered_wrongly(self) -> None:
        read, judging = contest(), contest()
        for one in (read, judging):
            one.label[:, 1] = ~one.label[:, 1]
        assert gate.opposition_check(read, self.said, judging).passed

    @pytest.mark.parametrize(("with_it", "passed"), [(0, True), (9, True), (10, False)])
    def test_too_few_answers_say_nothing(self, with_it: int, passed: bool) -> None:
        read = contest()
        read.label[:] = ~read.label
        kept = np.cumsum(read.label, axis=0) <= with_it
        said = kept | ~read.label
        found = gate.opposition_check(read, said, contest())
        assert found.passed is passed
        assert (found.figures["MI"] is None) is passed

    def test_an_answer_that_was_left_open_is_not_taken_for_one(self) -> None:
        read = contest()
        read.label[300:] = ~read.label[300:]
        said = self.said & (np.arange(600) < 300)[:, None]
        assert gate.opposition_check(read, said, contest()).passed


def test_readings_of_9b_are_compared_where_they_are_enough() -> None:
    (few,) = gate.reading_checks(contest(29))
    assert few.passed is None
    (enough,) = gate.reading_checks(contest(200))
    assert enough.passed is True and enough.name == "macro AUROC on readings of 9b"


def test_the_report_says_what_stopped_it() -> None:
    checks = [
        GateCheck(name=name, passed=passed, sentence="", figures={})
        for name, passed in {
            "AUROC of MI on 9b": False,
            "readings of 9b": None,
            "noise": True,
            "men": True,
        }.items()
    ]
    report = GateReport(champion="a", challenger="b", checks=tuple(checks))
    assert not report.passed
    assert report.sentence == "b is stopped by AUROC of MI on 9b."
    passed = GateReport(champion="a", challenger="b", checks=tuple(checks[1:]))
    assert passed.passed and passed.as_json["sentence"] == "b passes all 2 checks."


@pytest.mark.parametrize("asked", [(), (None,)])
def test_a_report_in_which_nothing_was_asked_does_not_pass(asked: tuple[None, ...]) -> None:
    checks = [GateCheck(name="any", passed=one, sentence="", figures={}) for one in asked]
    report = GateReport(champion="a", challenger="b", checks=tuple(checks))
    assert not report.passed
    assert report.sentence == "b was asked nothing: there is nothing to pass."


def test_the_sentence_names_three_and_counts_the_rest() -> None:
    failed = [GateCheck(name=n, passed=False, sentence="", figures={}) for n in "abcde"]
    report = GateReport(champion="old", challenger="new", checks=tuple(failed))
    assert report.sentence == "new is stopped by a, b, c and 2 more checks."
