"""What readers agree on, and what of it may be taught."""

from dataclasses import replace

import numpy as np
import pytest

from core.ecg import SUPERCLASSES, Superclass
from feedback import catalogue
from feedback.adjudications import Settled
from feedback.consensus import (
    LabelSource,
    Outcome,
    RecordConsensus,
    consensus,
    training_labels,
)
from feedback.db import Sessions
from feedback.panel import panel
from feedback.readings import Answer
from feedback.tables import Role, User, Verdict
from tests.factories import add_person
from tests.factories_panel import some_panel
from tests.factories_readings import amended, answer, assisted, blind, final

MI, HYP = Superclass.MI, Superclass.HYP


def decide(row: str, adjudicated: Verdict | None = None):
    settled = {100: Settled({MI: adjudicated})} if adjudicated else None
    (record,) = consensus(some_panel([row]), settled)
    return record.classes[MI]


class TestDecision:
    @pytest.mark.parametrize(
        ("row", "outcome", "label", "source"),
        [
            ("+", Outcome.AGREED, 1.0, LabelSource.SINGLE),
            ("-?", Outcome.AGREED, 0.0, LabelSource.SINGLE),
            ("++", Outcome.AGREED, 1.0, LabelSource.MAJORITY),
            ("--?", Outcome.AGREED, 0.0, LabelSource.MAJORITY),
            ("++-", Outcome.AGREED, 1.0, LabelSource.MAJORITY),
            ("+-", Outcome.CONFLICT, None, None),
            ("+-?", Outcome.CONFLICT, None, None),
            ("++--", Outcome.CONFLICT, None, None),
            ("??", Outcome.OPEN, None, None),
            ("x", Outcome.UNREADABLE, None, None),
            ("xx", Outcome.UNREADABLE, None, None),
            ("x+", Outcome.CONFLICT, None, None),
            ("x?", Outcome.CONFLICT, None, None),
            ("xx+", Outcome.CONFLICT, None, None),
            ("x++", Outcome.AGREED, 1.0, LabelSource.MAJORITY),
        ],
    )
    def test_by_answers(self, row, outcome, label, source):
        found = decide(row)
        assert (found.outcome, found.label, found.source) == (outcome, label, source)

    @pytest.mark.parametrize("row", ["+-", "--", "x", "?"])
    def test_an_adjudicator_settles_it(self, row):
        found = decide(row, Verdict.PRESENT)
        assert (found.label, found.source) == (1.0, LabelSource.ADJUDICATED)

    def test_an_adjudicator_may_leave_it_open(self):
        assert decide("++", Verdict.UNSURE).outcome is Outcome.OPEN

    def test_unsure_of_every_class_is_not_unreadable(self):
        unsure = dict.fromkeys(SUPERCLASSES, Verdict.UNSURE)
        found = {
            unreadable: consensus(some_panel(["+-"]), {100: Settled(unsure, unreadable)})[0]
            for unreadable in (False, True)
        }
        assert [found[said].unreadable for said in (False, True)] == [False, True]
        assert found[False].classes[MI].outcome is Outcome.OPEN
        assert found[True].classes[MI].outcome is Outcome.UNREADABLE

    def test_only_the_class_in_dispute_is_a_conflict(self):
        (record,) = consensus(some_panel(["+-"]))
        assert record.conflicts == (MI,)
        assert record.classes[HYP].label == 0.0


class TestDawidSkene:
    """Readers 0 and 1 know MI, reader 2 says it of every other record whatever it shows."""

    rows = ("+++", "++-", "--+", "---") * 10

    def test_it_decides_what_readers_disagree_on_once_enough_overlap(self):
        found = [record.classes[MI] for record in consensus(some_panel(self.rows))]
        assert [d.label for d in found] == [1.0, 1.0, 0.0, 0.0] * 10
        assert found[1].source is LabelSource.DAWID_SKENE
        assert found[1].probability > 0.9
        assert found[0].source is LabelSource.MAJORITY

    def test_it_does_not_go_by_heads(self):
        """Readers 2 and 3 guess, each for themselves: together they are half of the heads."""
        rows = [know * 2 + third + fourth for know in "+-" for third in "+-" for fourth in "+-"]
        found = consensus(some_panel(rows * 5))
        assert [record.classes[MI].label for record in found[:8]] == [1.0] * 4 + [0.0] * 4

    def test_two_readers_who_disagree_stay_a_conflict(self):
        found = consensus(some_panel([*self.rows, "+.-"]))
        assert found[-1].classes[MI].outcome is Outcome.CONFLICT
        assert found[-1].classes[MI].probability is None


class TestTrainingLabels:
    """ECG n of the library is in fold 1 + n % 10."""

    def labels(self, sessions: Sessions, **options):
        with sessions.read() as session:
            return training_labels(session, **options)

    def test_a_record_that_one_reader_read(self, library: Sessions, reader: User):
        given = blind(library, reader.id, 1, answer(MI))
        (label,) = self.labels(library)
        assert (label.ecg_id, label.fold, label.weight) == (1, 2, 1.0)
        assert label.labels == {name: float(name is MI) for name in SUPERCLASSES}
        assert label.source is LabelSource.SINGLE
        assert label.reading_ids == (given.id,)

    def test_a_conflict_teaches_the_other_classes(
        self, library: Sessions, reader: User, colleague: User
    ):
        blind(library, reader.id, 1, answer(MI))
        blind(library, colleague.id, 1, answer(HYP))
        (label,) = self.labels(library)
        assert label.labels == dict.fromkeys(SUPERCLASSES, 0.0) | {MI: None, HYP: None}
        assert label.source is LabelSource.MAJORITY
        assert len(label.reading_ids) == 2

    def test_the_record_of_an_adjudicator(self, library: Sessions, reader: User, colleague: User):
        blind(library, reader.id, 1, answer(MI))
        blind(library, colleague.id, 1, answer())
        with library.read() as session:
            record_id = catalogue.find_record(session, 1).id
        settled = {record_id: Settled({MI: Verdict.PRESENT})}
        (label,) = self.labels(library, adjudicated=settled)
        assert label.labels[MI] == 1.0

    def test_nothing_to_teach(self, library: Sessions, reader: User):
        blind(library, reader.id, 1, Answer(unreadable=True))
        blind(library, reader.id, 2, Answer(verdicts=dict.fromkeys(SUPERCLASSES, Verdict.UNSURE)))
        assert self.labels(library) == []

    def test_the_folds_that_judge_are_never_taught(self, library: Sessions, reader: User):
        for ecg_id in range(1, 11):
            blind(library, reader.id, ecg_id)
        assert sorted(label.fold for label in self.labels(library)) == list(range(1, 9))

    def test_a_mind_changed_by_the_model_teaches_nothing(self, library: Sessions, reader: User):
        first = blind(library, reader.id, 1, answer(MI))
        final(library, reader.id, 1, answer(HYP))
        amended(library, reader.id, 1, answer())
        (label,) = self.labels(library, include_assisted=True)
        assert label.labels[MI] == 1.0
        assert label.labels[HYP] == 0.0
        assert label.reading_ids == (first.id,)

    def test_assisted_answers_only_where_asked_for_and_at_half_the_weight(
        self, library: Sessions, reader: User
    ):
        given = assisted(library, reader.id, 1, answer(MI))
        assert self.labels(library) == []
        (label,) = self.labels(library, include_assisted=True)
        assert (label.labels[MI], label.weight) == (1.0, 0.5)
        assert label.reading_ids == (given.id,)

    def test_the_assisted_answer_that_stands(self, library: Sessions, reader: User):
        assisted(library, reader.id, 1, answer(MI))
        last = assisted(library, reader.id, 1, answer(HYP), amends=True)
        (label,) = self.labels(library, include_assisted=True)
        assert label.labels[HYP] == 1.0
        assert label.reading_ids == (last.id,)

    def test_another_data_set_is_not_taught(self, library: Sessions, reader: User, tmp_path):
        from feedback import importing
        from tests.factories_dataset import dataset

        blind(library, reader.id, 1)
        importing.import_dataset(library, dataset(tmp_path / "other", 3))
        assert self.labels(library) == []


def test_the_panel_has_a_row_a_record_and_a_column_a_reader(
    library: Sessions, reader: User, colleague: User
):
    add_person(library, "idle@example.org", Role.CLINICIAN)
    blind(library, reader.id, 2, answer(MI))
    blind(library, colleague.id, 1, Answer(unreadable=True))
    with library.read() as session:
        found = panel(session)
    assert [key.ecg_id for key in found.records] == [1, 2]
    assert list(found.readers) == ["colleague@example.org", "reader@example.org"]
    assert found.decided(MI).tolist() == [[-1, -1], [-1, 1]]
    assert found.readability().tolist() == [[1, -1], [-1, 0]]
    assert (found.reading > 0).tolist() == [[True, False], [False, True]]
    assert not np.any(found.assisted)


def unsure_too(given: Answer, name: Superclass) -> Answer:
    """The answer, but unsure of this class."""
    return replace(given, verdicts={**(given.verdicts or {}), name: Verdict.UNSURE})


def unsure_of(name: Superclass) -> Answer:
    """Normal, and perhaps this."""
    return unsure_too(answer(Superclass.NORM), name)


class TestTogether:
    """What the classes of one record may say beside each other."""

    def standing(self, sessions: Sessions, *answers: Answer) -> RecordConsensus:
        for place, given in enumerate(answers):
            person = add_person(sessions, f"r{place}@example.org", Role.CLINICIAN)
            blind(sessions, person.id, 1, given)
        with sessions.read() as session:
            (one,) = consensus(panel(session))
        return one

    def test_nothing_is_normal_as_long_as_a_class_is_disputed(self, library: Sessions) -> None:
        found = self.standing(library, answer(Superclass.NORM), unsure_of(MI), answer(MI))
        assert found.conflicts == (Superclass.NORM, MI)

    def test_normal_stands_once_the_dispute_is_settled(self, library: Sessions) -> None:
        self.standing(library, answer(Superclass.NORM), answer(Superclass.NORM, MI))
        with library.read() as session:
            (one,) = consensus(panel(session), {1: Settled({MI: Verdict.ABSENT})})
        assert (one.conflicts, one.classes[Superclass.NORM].label) == ((), 1.0)

    def test_nor_once_another_class_is_settled(self, library: Sessions) -> None:
        """A later dispute, on what the adjudicator has not looked at."""
        found = self.standing(
            library, answer(MI, HYP), answer(HYP), *(answer(Superclass.NORM),) * 2, unsure_of(HYP)
        )
        assert found.conflicts == (Superclass.NORM, HYP)
        with library.read() as session:
            (one,) = consensus(panel(session), {1: Settled({MI: Verdict.ABSENT})})
        assert one.conflicts == (Superclass.NORM, HYP)

    @pytest.mark.parametrize("verdict", [None, Verdict.PRESENT])
    def test_normal_and_ill_is_what_somebody_has_to_have_said(
        self, library: Sessions, verdict: Verdict | None
    ) -> None:
        self.standing(library, unsure_of(MI), unsure_too(answer(MI), Superclass.NORM))
        settled = {1: Settled({MI: verdict})} if verdict else None
        with library.read() as session:
            (one,) = consensus(panel(session), settled)
        assert one.conflicts == ((Superclass.NORM,) if verdict else (Superclass.NORM, MI))

    def test_who_says_both_means_it(self, library: Sessions) -> None:
        found = self.standing(library, answer(Superclass.NORM, HYP), answer(Superclass.NORM, HYP))
        assert found.conflicts == ()

    def test_readers_who_outvote_each_other_agree_on_nothing(self, library: Sessions) -> None:
        found = self.standing(library, answer(MI), answer(HYP), answer(Superclass.NORM))
        assert found.conflicts == (Superclass.NORM, MI, HYP)
        assert found.classes[Superclass.CD].label == 0

    def test_who_found_nothing_may_outvote_them(self, library: Sessions) -> None:
        found = self.standing(library, answer(MI), answer(HYP), answer())
        assert found.conflicts == ()

    def test_gold_records_are_nobodys_to_settle(self, library: Sessions) -> None:
        self.standing(library, answer(MI), answer(HYP), answer(Superclass.NORM))
        with library.read() as session:
            (one,) = consensus(panel(session), gold={1})
        assert (one.conflicts, one.classes[MI].outcome) == ((), Outcome.GOLD)
