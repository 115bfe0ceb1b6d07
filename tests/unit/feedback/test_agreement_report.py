"""The sheet of agreement: how every class stands, and what the blind answers say."""

import pytest

from core.ecg import SUPERCLASSES, Superclass
from feedback.agreement_report import AgreementReport, State, agreement_report, count_states
from feedback.consensus import consensus
from feedback.db import Sessions
from feedback.errors import NoDataset
from feedback.tables import Role, User, Verdict
from tests.factories import add_person
from tests.factories_adjudication import dispute, settled
from tests.factories_panel import some_panel
from tests.factories_readings import answer, assisted, blind, final

MI, HYP = Superclass.MI, Superclass.HYP


def report(sessions: Sessions) -> AgreementReport:
    with sessions.read() as session:
        return agreement_report(session)


def test_each_class_is_counted_in_one_state():
    given = consensus(some_panel(["++", "+-", "+-", "??", "xx"]), {102: {MI: Verdict.PRESENT}})
    states = count_states(given)
    assert states[MI] == dict.fromkeys(State, 1)
    assert (states[HYP][State.AGREED], states[HYP][State.UNREADABLE]) == (4, 1)
    assert {sum(states[name].values()) for name in SUPERCLASSES} == {5}


def test_an_adjudicator_moves_a_conflict(library: Sessions, reader: User, colleague: User) -> None:
    dispute(library, (reader.id, colleague.id), 1)
    dispute(library, (reader.id, colleague.id), 2)
    umpire = add_person(library, "umpire@example.org", Role.ADJUDICATOR)
    settled(library, umpire.id, 1, {MI: Verdict.PRESENT})
    states = report(library).states[MI]
    assert (states[State.CONFLICT], states[State.ADJUDICATED]) == (1, 1)


def test_only_blind_answers_count(library: Sessions, reader: User, colleague: User) -> None:
    dispute(library, (reader.id, colleague.id), 1)
    final(library, colleague.id, 1, answer(MI))  # gives in once the opinion is shown
    assisted(library, reader.id, 2, answer(MI))
    blind(library, colleague.id, 2, answer(MI))
    found = report(library)
    assert (found.records, found.readers) == (2, 2)
    assert found.classes[MI].records == 1
    assert found.classes[MI].raw.value == 0.0
    assert [row.records for row in found.by_pair if row.superclass is MI] == [1]


def test_without_an_answer_there_is_nothing_to_count(library: Sessions) -> None:
    found = report(library)
    assert (found.records, found.readers, list(found.by_pair)) == (0, 0, [])
    assert found.states[MI] == dict.fromkeys(State, 0)


def test_without_a_data_set_there_is_no_report(sessions: Sessions) -> None:
    with pytest.raises(NoDataset):
        report(sessions)
