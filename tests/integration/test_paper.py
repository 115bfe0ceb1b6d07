"""What a reader chooses of the ECG paper, over HTTP as the page does it."""

import json
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from core.ecg import LEADS, Superclass
from dashboard.figures.encoding import decoded
from dashboard.figures.overlay import EMPTY
from dashboard.figures.sheets import PaperSettings
from dashboard.figures.theme import DARK
from feedback.tables import Role, User
from tests.factories_figures import by_uid, named
from tests.integration.conftest import House
from tests.integration.explaining import LIES, ask, compute
from tests.integration.reading import answer_blind, components, open_ecg
from tests.integration.visitor import Json, Visitor

BAND = r"M[-.\d]+,([-.\d]+)H[-.\d]+V([-.\d]+)"  # bottom and top
USUAL = {"sheet": "3x4+1", "speed": "25", "gain": "10", "signal": "raw"}


def choose(visitor: Visitor, ecg_id: int, **choices: Any) -> Json:
    """Choose of the paper of an ECG; the properties of the graph that come back, by name."""
    answer = visitor.call("show_paper", USUAL | choices, ecg_id)
    assert answer.status_code == 200, answer.text
    parts = {json.loads(name)["part"]: what for name, what in answer.json["response"].items()}
    lies = parts.get("laid-over", {}).get("data")
    return {**parts["paper"], "shown": parts["shown"]["data"], "lies": lies}


def figure_on(sent: str) -> Json:
    """The ECG figure of a page."""
    (paper,) = [
        props
        for props in components(json.loads(sent))
        if isinstance(props.get("id"), dict) and props["id"].get("part") == "paper"
    ]
    figure: Json = paper["figure"]
    return figure


def scale(figure: Json) -> str:
    text: str = named(figure["layout"]["annotations"], "scale")["text"]
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"speed": "50", "gain": "5"}, "50 mm/s   5 mm/mV   raw signal, 100 Hz"),
        ({"signal": "diagnostic"}, "25 mm/s   10 mm/mV   0.05\u201340 Hz, 100 Hz"),
        (
            {"signal": "model"},
            "25 mm/s   10 mm/mV   as the model sees it, 0.5\u201340 Hz, 100 Hz",
        ),
    ],
)
def test_the_sheet_says_what_was_chosen(reader: Visitor, choice: Json, words: str) -> None:
    assert scale(choose(reader, 1, **choice)["figure"]) == words


def test_another_layout_is_drawn_from_all_samples(reader: Visitor) -> None:
    drawn = choose(reader, 1, sheet="12x1")
    traces = by_uid(drawn["figure"])
    assert "rhythm-II" not in traces
    assert drawn["figure"]["layout"]["meta"]["layout"] == "12x1"
    assert drawn["style"]["--tall"] == drawn["figure"]["layout"]["meta"]["sheet_mm"][1]


def test_a_choice_stays_for_the_next_ecg_and_session(house: House, reader: Visitor) -> None:
    choose(reader, 1, sheet="6x2", gain="20")
    again = house.visitor(Role.CLINICIAN)
    for visitor in (reader, again):
        figure = figure_on(open_ecg(visitor, 2))
        assert figure["layout"]["meta"]["layout"] == "6x2"
        assert scale(figure).startswith("25 mm/s   20 mm/mV")


def test_a_choice_is_the_readers_own(house: House, reader: Visitor, admin: Visitor) -> None:
    choose(reader, 1, sheet="6x2")
    assert figure_on(open_ecg(admin, 1))["layout"]["meta"]["layout"] == "3x4+1"
    with house.sessions.read() as session:
        clinician = session.get_one(User, house.people[Role.CLINICIAN].id)
        assert PaperSettings.of(clinician.preferences["paper"]).sheet == "6x2"


def test_nonsense_is_drawn_as_usual_and_never_stored(house: House, reader: Visitor) -> None:
    drawn = choose(reader, 1, sheet="<script>", speed="1e9", gain=None, signal={"a": 1})
    assert scale(drawn["figure"]) == "25 mm/s   10 mm/mV   raw signal, 100 Hz"
    with house.sessions.read() as session:
        stored = session.get_one(User, house.people[Role.CLINICIAN].id).preferences
    assert stored == {"paper": PaperSettings().as_json}


def test_what_lies_over_the_trace_lies_over_the_next_sheet_too(
    house: House, reader: Visitor
) -> None:
    answer_blind(reader, 1, Superclass.MI)
    bare = choose(reader, 1, sheet="6x2")["figure"]["layout"]["shapes"]
    ask(reader)
    compute(house)
    drawn = choose(reader, 1, sheet="6x2", **{"laid-over": LIES})
    assert drawn["lies"] == LIES | {"paper": drawn["shown"]}
    laid = drawn["figure"]["layout"]["shapes"]
    assert bare[:3] == laid[:3]
    assert any(shape["path"] != EMPTY for shape in laid[3:])
    assert all(shape["path"] == EMPTY for shape in bare[3:])


@pytest.mark.parametrize("first", ["the sheet", "the colours"])
def test_colours_lie_on_the_rows_of_this_ecg(house: House, reader: Visitor, first: str) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    compute(house)
    drawn = choose(reader, 1, sheet="12x1", gain="20", **{"laid-over": LIES})
    shapes = drawn["figure"]["layout"]["shapes"][3:]
    if first == "the sheet":
        chosen = {"method": "shap", "explained-class": "MI", "shown": drawn["shown"]}
        change = reader.call("lay_explanation_over", chosen, 1, by=0).json
        figure = change["response"]['{"ecg":1,"part":"paper"}']["figure"]
        shapes = [
            one["params"]["value"] for one in figure["operations"] if "shapes" in one["location"]
        ]
    (corners,) = (re.findall(BAND, shape["path"]) for shape in shapes if shape["path"] != EMPTY)
    traces = by_uid(drawn["figure"])
    rows = [traces[f"lead-{lead}"]["meta"]["baseline"] for lead in LEADS]
    assert min(one - two for one, two in pairwise(rows)) > 0.75  # 15 mm: as the sheet has it
    for low, high in corners:
        (under,) = [row for row in rows if float(low) < row < float(high)]
        assert under == traces["lead-V2"]["meta"]["baseline"]


def test_nothing_is_laid_over_before_the_blind_answer(house: House, reader: Visitor) -> None:
    colleague = house.visitor(Role.ADJUDICATOR)
    answer_blind(colleague, 1, Superclass.MI)
    ask(colleague)
    compute(house)
    answer = reader.call("show_paper", USUAL | {"laid-over": LIES}, 1)
    assert "has no blind answer of yours" in answer.text
    assert "shapes" not in answer.text


def test_the_choices_stand_above_the_paper_with_their_names(reader: Visitor) -> None:
    labels = [props.get("aria-label") for props in components(json.loads(open_ecg(reader, 1)))]
    assert {"Layout", "Paper speed", "Gain", "Signal"} <= set(labels)


def test_the_figure_is_never_sent_back(reader: Visitor) -> None:
    for spec in reader.app._callback_list:
        given = [*spec["inputs"], *spec["state"]]
        assert all(one["property"] != "figure" for one in given)


def test_the_models_form_is_another_signal_at_100_hz(reader: Visitor) -> None:
    raw, seen = (
        by_uid(choose(reader, 1, signal=form)["figure"])["rhythm-II"] for form in ("raw", "model")
    )
    assert seen["dx"] == pytest.approx(0.01)
    assert not np.array_equal(decoded(raw["y"]), decoded(seen["y"]))


def test_one_lead_is_shown_alone_and_only_here(reader: Visitor) -> None:
    drawn = choose(reader, 1, alone="V2", gain="20")
    assert list(by_uid(drawn["figure"])) == ["calibration", "lead-V2", "titles"]
    assert drawn["shown"]["lead"] == "V2"
    assert "lead-V1" in by_uid(figure_on(open_ecg(reader, 2)))


def test_a_person_who_wants_it_dark_has_it_dark_everywhere(house: House, reader: Visitor) -> None:
    assert 'data-bs-theme="light"' in reader.get("/").text
    assert reader.call("change_look", {"look": 1}).status_code == 200
    again = house.visitor(Role.CLINICIAN)
    for path in ("/", "/password"):
        assert 'data-bs-theme="dark"' in again.get(path).text
    figure = figure_on(open_ecg(again, 1))
    assert figure["layout"]["paper_bgcolor"] == DARK.paper
    assert choose(again, 1)["figure"]["layout"]["paper_bgcolor"] == DARK.paper
    reader.call("change_look", {"look": 2})
    assert 'data-bs-theme="light"' in reader.get("/").text


def test_the_login_after_it_is_as_dark(reader: Visitor) -> None:
    reader.call("change_look", {"look": 1})
    reader.get("/")
    reader.submit("/logout")
    assert 'data-bs-theme="dark"' in reader.get("/login").text


def test_a_strange_cookie_is_light(stranger: Visitor) -> None:
    stranger.client.set_cookie("trustecg_look", '"><script>')
    assert 'data-bs-theme="light"' in stranger.get("/login").text


def test_choices_of_different_kinds_do_not_forget_each_other(house: House, reader: Visitor) -> None:
    choose(reader, 1, sheet="6x2")
    reader.call("change_look", {"look": 1})
    assert figure_on(open_ecg(reader, 1))["layout"]["meta"]["layout"] == "6x2"
