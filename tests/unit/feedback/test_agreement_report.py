"""The sheet of agreement: how every class stands, and what the blind answers say."""

import csv
import io
from collections import Counter
from zipfile import ZipFile

import pytest

from core.ecg import SUPERCLASSES, Superclass
from feedback.adjudication import waiting
from feedback.adjudications import Settled
from feedback.agreement_report import AgreementReport, State, agreement_report, count_states
from feedback.answers import Answer
from feedback.archive import write_archive
from feedback.consensus import consensus
from feedback.db import Sessions
from feedback.errors import NoDataset
from feedback.tables import Role, User, Verdict
from tests.factories import add_person
from tests.factories_adjudication import dispute, settled
from tests.factories_gold import golden, known
from tests.factories_panel import some_panel
from tests.factories_readings import answer, assisted, blind, final

MI, HYP = Superclass.MI, Superclass.HYP


def report(sessions: Sessions) -> AgreementReport:
    with sessions.read() as session:
        return agreement_report(session)


def test_each_class_is_counted_in_one_state():
    rows = ["++", "+-", "+-", "??", "xx", "+-", "+."]
    given = consensus(some_panel(rows), {102: Settled({MI: Verdict.PRESENT})}, gold={105})
    states = count_states(given)
    assert states[MI] == dict.fromkeys(State, 1)
    assert (states[HYP][State.AGREED], states[HYP][State.UNREADABLE]) == (5, 1)
    assert states[HYP][State.SINGLE] == 1
    assert {sum(states[name].values()) for name in SUPERCLASSES} == {7}


def test_an_adjudicator_moves_a_conflict(library: Sessions, reader: User, colleague: User) -> None:
    dispute(library, (reader.id, colleague.id), 1)
    dispute(library, (reader.id, colleague.id), 2)
    umpire = add_person(library, "umpire@example.org", Role.ADJUDICATOR)
    settled(library, umpire.id, 1, {MI: Verdict.PRESENT})
    states = report(library).states[MI]
    assert (states[State.CONFLICT], states[State.ADJUDICATED]) == (1, 1)


def test_report_adjudication_page_and_export_count_the_same_conflicts(
    library: Sessions, reader: User, colleague: User
) -> None:
    umpire = add_person(library, "umpire@example.org", Role.ADJUDICATOR)
    for ecg_id in (1, 2, 3, 4):
        dispute(library, (reader.id, colleague.id), ecg_id)
    dispute(library, (reader.id, umpire.id), 5, HYP)  # waits for another adjudicator
    golden(library, {1: known(MI), 5: {HYP: Verdict.PRESENT}})
    dispute(library, (umpire.id, reader.id), 6)
    settled(library, umpire.id, 2, {MI: Verdict.PRESENT})
    found = report(library)
    stream = io.BytesIO()
    with library.read() as session:
        waits = waiting(session, umpire.id)
        write_archive(session, stream)
    table = ZipFile(stream).read("consensus.csv").decode()
    exported = list(csv.DictReader(io.StringIO(table)))
    assert found.waiting == len(waits.conflicts) + waits.seen_by_them == 3
    assert [one.ecg_id for one in waits.conflicts] == [3, 4]
    for name in SUPERCLASSES:
        outcomes = Counter(row[f"outcome_{name}"] for row in exported)
        counts = found.states[name]
        assert counts[State.CONFLICT] == outcomes["conflict"]
        assert counts[State.GOLD] == outcomes["gold"]
        assert sum(counts.values()) == found.records == len(exported)
    assert (found.states[MI][State.CONFLICT], found.states[MI][State.GOLD]) == (3, 1)
    assert found.states[HYP][State.GOLD] == 1


def test_what_changed_since_the_last_report_is_in_the_next(
    library: Sessions, reader: User, colleague: User
) -> None:
    dispute(library, (reader.id, colleague.id), 1)
    umpire = add_person(library, "umpire@example.org", Role.ADJUDICATOR)
    assert report(library).waiting == 1
    settled(library, umpire.id, 1, {MI: Verdict.PRESENT})
    assert (report(library).waiting, report(library).states[MI][State.ADJUDICATED]) == (0, 1)
    dispute(library, (reader.id, colleague.id), 2)
    found = report(library)
    assert (found.records, found.waiting, found.classes[MI].records) == (2, 1, 2)
    assert [row.records for row in found.by_pair if row.superclass is MI] == [2]
    assert [row.compared for row in found.by_reader if row.superclass is MI] == [2, 2]
    golden(library, {2: known(MI)})
    assert (report(library).waiting, report(library).states[MI][State.GOLD]) == (0, 1)
    third = add_person(library, "third@example.org", Role.CLINICIAN)
    blind(library, third.id, 2, Answer(unreadable=True))
    assert report(library).readability.answers == 5


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
