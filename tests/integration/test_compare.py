"""Another ECG of the same patient beside the one on screen, over HTTP as the page does it."""

import json

import pytest

from core.ecg import Lead
from dashboard.figures.sheets import Gain, PaperSettings, Sheet
from feedback.catalogue import find_record
from tests.integration.conftest import House
from tests.integration.reading import open_ecg, words
from tests.integration.visitor import Visitor


@pytest.fixture
def reader_of_a_pair(house: House, reader: Visitor) -> Visitor:
    """A reader; ECG 4 is of the patient of ECG 2."""
    with house.sessions.begin() as session:
        find_record(session, 4).patient_id = 1002
    return reader


def test_the_other_is_drawn_with_the_differences_of_its_intervals(
    reader_of_a_pair: Visitor,
) -> None:
    assert '"part":"compare"' in open_ecg(reader_of_a_pair, 2)
    answer = reader_of_a_pair.call("compare", {"compare": "4"}, 2)
    text = words(answer.json["response"])
    for said in ("ECG 2", "ECG 4 (", "ECG 4 less ECG 2", "QTc Fridericia"):
        assert said in text
    assert '"lead-V6"' in answer.text.replace(" ", "")


def test_the_other_is_drawn_on_the_sheet_above_it_with_all_its_leads(
    reader_of_a_pair: Visitor,
) -> None:
    sheet = PaperSettings(sheet=Sheet.SIX_BY_TWO, gain=Gain.DOUBLE, lead=Lead.V2).as_json
    answer = reader_of_a_pair.call("compare", {"compare": "4", "shown": sheet}, 2, by=1)
    assert "20\u00a0mm/mV" in json.dumps(answer.json, ensure_ascii=False)
    assert '"layout": "6x2"' in json.dumps(answer.json)
    assert '"lead-V6"' in answer.text.replace(" ", "")


def test_off_takes_it_away(reader_of_a_pair: Visitor) -> None:
    answer = reader_of_a_pair.call("compare", {"compare": "none"}, 2)
    assert answer.json["response"]['{"ecg":2,"part":"compared"}']["children"] is None


@pytest.mark.parametrize("other", ["3", "2", "99", "x"])
def test_an_ecg_of_another_patient_is_refused(reader_of_a_pair: Visitor, other: str) -> None:
    assert reader_of_a_pair.call("compare", {"compare": other}, 2).status_code == 400


def test_without_another_ecg_there_is_nothing_to_choose(reader: Visitor) -> None:
    assert '"part":"compare"' not in open_ecg(reader, 2)
