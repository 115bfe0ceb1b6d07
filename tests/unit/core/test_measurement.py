import numpy as np
import pytest

from core.checkpoint import read_card
from core.ecg import Superclass
from core.errors import DatasetUnreadable
from core.measurement import score_fold
from core.predict import Opinion, Predictor
from core.quality import Quality
from core.reference import Reference
from tests.factories_dataset import dataset, edited


class Scorer:
    """Gives every record the probability of its place, and refuses those it is told to."""

    name = "by hand"
    thresholds = np.full(5, 0.5)
    certified = frozenset({Superclass.MI})

    def __init__(self, refuses=()):
        self.refuses = refuses
        self.asked = []

    def predict(self, ecgs):
        self.asked += [ecg.ecg_id for ecg in ecgs]
        return [self._opinion(ecg.ecg_id) for ecg in ecgs]

    def _opinion(self, ecg_id):
        if ecg_id in self.refuses:
            return Opinion(quality=Quality(acceptable=False, score=0.0))
        quality = Quality(acceptable=True, score=1.0)
        return Opinion(quality=quality, probabilities=np.full(5, ecg_id / 10))


def test_every_model_scores_the_same_records(tmp_path):
    first, second = Scorer(), Scorer(refuses=[2, 5])
    ours, other = score_fold([first, second], dataset(tmp_path), "all", unread=pytest.fail)
    assert first.asked == second.asked == [1, 2, 3, 4, 5, 6]
    assert [record.ecg_id for record in other.records] == [1, 3, 4, 6]
    assert other.probability[:, 0] == pytest.approx([0.1, 0.3, 0.4, 0.6])
    assert (ours.refused, other.refused) == (0, 2)
    assert (ours.uncertainty, ours.certified, ours.abstained.any()) == (
        None,
        {Superclass.MI},
        False,
    )


def test_a_record_that_cannot_be_read_is_told_counted_and_passed_over(tmp_path):
    data, told = dataset(tmp_path), []
    (tmp_path / "records100" / "00000" / "00003_lr.dat").unlink()
    (scored,) = score_fold([Scorer()], data, "all", unread=lambda error: told.append(str(error)))
    assert (scored.refused, len(scored.records), scored.n) == (1, 5, 6)
    assert "00003_lr.dat" in told[0]


def test_unlabelled_records_are_counted_and_not_scored(tmp_path):
    data = edited(dataset(tmp_path), lambda rows: rows[1].update(scp_codes="{}"))
    scorer = Scorer()
    (scored,) = score_fold([scorer], data, "all", unread=pytest.fail)
    assert (scored.n, len(scored.records)) == (6, 5)
    assert 2 not in scorer.asked


def test_progress_counts_up_to_the_labelled_records(tmp_path):
    steps = []
    score_fold(
        [Scorer()], dataset(tmp_path), "all", unread=pytest.fail,
        progress=lambda done, total: steps.append((done, total)),
    )  # fmt: skip
    assert steps[-1] == (6, 6)


def test_a_fold_that_is_not_there_says_which_are(tmp_path):
    with pytest.raises(DatasetUnreadable, match="has no record of fold 10: it holds the folds 2,"):
        score_fold([Scorer()], dataset(tmp_path), "10", unread=pytest.fail)


def test_what_a_model_can_rule_out_is_what_its_card_certifies(tmp_path, checkpoint):
    scorers = [Predictor.load(checkpoint), Reference.untrained()]
    ours, published = score_fold(scorers, dataset(tmp_path), "all", unread=pytest.fail)
    classes = read_card(checkpoint).classes
    assert ours.certified == {n for n, one in classes.items() if one.rule_out is not None}
    assert published.certified == frozenset()
