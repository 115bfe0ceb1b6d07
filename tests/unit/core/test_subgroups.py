import numpy as np
import pytest

from core.ecg import Superclass
from core.evaluation import evaluate
from core.subgroups import FEWEST, FEWEST_OF_A_KIND, age_decade, subgroups
from tests.factories_scored import a_record, some_scored


def by_group(records, scored=None):
    scored = scored or some_scored(len(records))
    found = subgroups(records, scored.probability, scored.label, np.arange(len(records)))
    return {(group.by, group.value): group for group in found}


@pytest.mark.parametrize(
    ("age", "decade"), [(0, "0-9"), (69, "60-69"), (89, "80-89"), (300, "90+"), (None, "unknown")]
)
def test_age_is_told_in_decades_and_above_89_as_ptbxl_keeps_it(age, decade):
    assert age_decade(a_record(age=age)) == decade


def test_every_record_is_in_one_group_of_each_kind():
    records = [
        a_record(
            i,
            sex=("male", "female", None)[i % 3],
            age=(25, 300, None, 7)[i % 4],
            device=f"device {i % 9}",
            site=str(i % 30),
            noise={"static_noise": "alles"} if i % 2 else {},
        )
        for i in range(400)
    ]
    groups = by_group(records)
    for kind in ("sex", "age", "device", "site", "noise"):
        assert sum(group.n for (by, _), group in groups.items() if by == kind) == 400
    assert [value for by, value in groups if by == "sex"] == ["female", "male", "unknown"]
    assert [value for by, value in groups if by == "age"] == ["0-9", "20-29", "90+", "unknown"]
    assert groups["noise", "flagged"].n == 200


def test_figures_of_a_group_are_those_of_its_records_alone():
    scored = some_scored(200)
    records = [a_record(i, sex="male" if i < 80 else "female") for i in range(200)]
    men = by_group(records, scored)["sex", "male"]
    alone = evaluate(scored.probability[:80], scored.label[:80], np.arange(80), scored.thresholds)
    assert (men.n, men.too_few) == (80, False)
    assert men.auroc == alone.auroc
    assert (men.macro_auroc, men.macro_auroc_ci) == (alone.macro_auroc, alone.macro_auroc_ci)


def test_small_sites_are_measured_together_and_named():
    sites = ["0"] * 60 + ["7"] * 30 + ["4"] * 40
    groups = by_group([a_record(i, site=site) for i, site in enumerate(sites)])
    assert [value for by, value in groups if by == "site"] == ["0", "other"]
    other = groups["site", "other"]
    assert (other.n, other.pooled, other.too_few) == (70, ("4", "7"), False)
    assert 0.5 < other.macro_auroc < 1


def test_a_group_of_too_few_keeps_its_line_and_has_no_figures():
    records = [a_record(i, age=93 if i < FEWEST - 1 else 50) for i in range(200)]
    old = by_group(records)["age", "90+"]
    assert (old.n, old.too_few, old.pooled) == (FEWEST - 1, True, ())
    assert np.isnan([old.macro_auroc, *old.macro_auroc_ci, old.auroc[Superclass.MI]]).all()


@pytest.mark.parametrize("few", ["with", "without"])
def test_a_class_of_a_handful_has_no_area_and_the_group_no_mean(few):
    """Four records with HYP, or four without it, say nothing of how HYP is ranked."""
    scored = some_scored(200)
    label = scored.label.copy()
    label[:, 4] = np.arange(200) < FEWEST_OF_A_KIND - 1
    label[:, 4] ^= few == "without"
    records = [a_record(i) for i in range(200)]
    group = subgroups(records, scored.probability, label, scored.patient)[0]
    assert np.isnan(group.auroc[Superclass.HYP])
    assert group.auroc[Superclass.CD] > 0.5
    assert np.isnan([group.macro_auroc, *group.macro_auroc_ci]).all()
    assert not group.too_few


def test_a_class_of_just_enough_has_an_area():
    scored = some_scored(200)
    label = scored.label.copy()
    label[:, 4] = np.arange(200) < FEWEST_OF_A_KIND
    group = subgroups([a_record(i) for i in range(200)], scored.probability, label, scored.patient)[
        0
    ]
    assert group.macro_auroc == pytest.approx(np.mean(list(group.auroc.values())))


def test_no_records_have_no_groups():
    assert by_group([]) == {}
