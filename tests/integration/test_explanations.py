"""Explanations on the read page: for those who may see them, once computed, and no other way."""

import json

import pytest
from sqlalchemy import func, select

from core.ecg import Superclass
from core.explain.explanation import Method, Unit
from dashboard.components.explanation import STALE, TOLD
from dashboard.figures.overlay import EMPTY
from dashboard.figures.sheets import Gain, PaperSettings
from feedback import explanation_queue as queue
from feedback.explanations import RETRY
from feedback.tables import ExplanationRow, JobState, Reading, Role, Stage
from tests.integration.conftest import REFUSED, UNSCORED, House
from tests.integration.explaining import LAID_OVER, LIES, ON_SCREEN, answered, ask, compute, report
from tests.integration.reading import answer_blind, components, open_ecg, submit, words
from tests.integration.visitor import Json, Visitor

BOTH = ("lay_explanation_over", "tell_explanation")
PAPER, EXPLAINED = '{"ecg":1,"part":"paper"}', '{"ecg":1,"part":"explained"}'
TICK = '{"ecg":1,"part":"explain-tick"}'
BY_SHEET = 3  # the input of lay_explanation_over that changes with the sheet


REPORT = {
    "random_orders": 16,
    "deletion": {"advantage": 1.2, "low": 0.9, "high": 1.5},
    "insertion": {"advantage": -0.1, "low": -0.3, "high": 0.1},
    "stability": 0.93,
    "agreement": {"grad-cam": 0.41},
    "residual": 0.021,
    "better_than_random": True,
}


def rows(house: House) -> int:
    with house.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(ExplanationRow)) or 0


def parts(said: Json) -> tuple[Json, str, bool, Json | None]:
    """Figure, words, whether the page has stopped asking, and what lies over it."""
    return (
        said.get(PAPER, {}).get("figure", {}),
        words(said.get(EXPLAINED, {}).get("children")),
        said[TICK]["disabled"],
        said.get(LAID_OVER, {}).get("data"),
    )


def coloured(figure: Json) -> bool:
    """Whether a change of the figure shows any colour."""
    values = [step["params"]["value"] for step in figure["operations"]]
    return any(value.get("path", EMPTY) != EMPTY for value in values)


def test_it_is_asked_for_computed_and_laid_over_the_trace(house: House, reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    figure, _, stopped, lies = parts(ask(reader))
    assert not stopped and not coloured(figure)
    compute(house)
    figure, said, stopped, lies = parts(ask(reader, lies=lies))
    assert coloured(figure) and ON_SCREEN in said and not stopped
    changed = {tuple(step["location"][:2]) for step in figure["operations"]}
    assert changed == {("layout", "shapes"), ("layout", "annotations")}
    told = LIES | {"reported": False}
    figure, said, stopped, _ = parts(ask(reader, lies=lies, told=told))
    assert figure == {} and said == "" and not stopped  # nothing is new before its report
    report(house)
    figure, said, stopped, _ = parts(ask(reader, lies=lies, told=told))
    assert figure == {} and ON_SCREEN in said and stopped  # the colours are not sent twice


def test_words_wait_for_the_colours_that_they_are_about(house: House, reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    compute(house)
    report(house)
    asked = {"method": "shap", "explained-class": "MI", "laid-over": LIES | {"drawn": False}}
    said = answered(reader.call("tell_explanation", asked, 1))
    assert said == {TICK: {"disabled": False}}


def test_what_was_computed_for_another_reader_is_there_at_once(house: House) -> None:
    for role in (Role.CLINICIAN, Role.ADJUDICATOR):
        visitor = house.visitor(role)
        answer_blind(visitor, 1, Superclass.MI)
        if role is Role.CLINICIAN:
            ask(visitor)
            compute(house)
            report(house)
    before = rows(house)
    figure, said, stopped, _ = parts(ask(visitor))
    assert coloured(figure) and ON_SCREEN in said and stopped
    assert rows(house) == before


@pytest.mark.parametrize("function", BOTH)
def test_a_forged_call_before_the_blind_answer_gets_nothing(
    house: House, reader: Visitor, function: str
) -> None:
    colleague = house.visitor(Role.ADJUDICATOR)
    answer_blind(colleague, 1, Superclass.MI)
    ask(colleague)
    compute(house)
    asked = {"method": "shap", "explained-class": "MI", "laid-over": LIES}
    answer = reader.call(function, asked, 1)
    assert "has no blind answer of yours" in answer.text
    assert "ST segments of V2" not in answer.text and "shapes" not in answer.text


def test_a_method_that_fails_says_so_and_the_page_goes_on(house: House, reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    *_, lies = parts(ask(reader))
    claimed = queue.claim(house.sessions, "a")
    assert claimed is not None
    queue.fail(house.sessions, claimed.id, "a", "RuntimeError: additivity check failed")
    figure, said, stopped, lies = parts(ask(reader, lies=lies))
    assert said == (
        "This method failed: RuntimeError: additivity check failed. "
        "To try again, wait 60 s, choose Off and then the method."
    )
    assert figure == {} and stopped
    ask(reader, "grad-cam", lies=lies)
    compute(house, unit=Unit.RELEVANCE)
    figure, *_ = parts(ask(reader, "grad-cam", lies=lies))
    assert coloured(figure)


def test_a_report_that_fails_leaves_the_colours(house: House, reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    compute(house)
    claimed = queue.claim(house.sessions, "a", reports=True)
    assert claimed is not None
    queue.fail(house.sessions, claimed.id, "a", "no memory")
    figure, said, stopped, _ = parts(ask(reader))
    assert coloured(figure) and stopped
    assert "It could not be measured how far to trust it: no memory" in said


@pytest.mark.parametrize(
    ("ecg", "why"),
    [
        (REFUSED, "The model refused this record: Lead V3 is flat: check its electrode."),
        (UNSCORED, "The model has not seen this record yet."),
    ],
)
def test_a_record_without_an_opinion_has_none_and_says_why(
    house: House, reader: Visitor, ecg: int, why: str
) -> None:
    answer_blind(reader, ecg, Superclass.MI)
    assert f"There is none. {why}" in words(open_ecg(reader, ecg))
    asked = {"method": "shap", "explained-class": "MI"}
    told = reader.call("lay_explanation_over", asked, ecg).json["sideUpdate"]["status"]["children"]
    assert words(told) == f"There is nothing to explain: {why}"
    assert rows(house) == 0


def test_colours_are_laid_anew_on_another_sheet_and_computed_once(
    house: House, reader: Visitor
) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    compute(house)
    *_, lies = parts(ask(reader))
    before = rows(house)
    asked = {"method": "shap", "explained-class": "MI", "laid-over": lies}
    sheet = {"shown": PaperSettings(gain=Gain.DOUBLE).as_json}
    said = answered(reader.call("lay_explanation_over", asked | sheet, 1, by=BY_SHEET))
    assert coloured(said[PAPER]["figure"])
    assert EXPLAINED not in said  # the words about them stay where they are
    again = asked | sheet | {"laid-over": said[LAID_OVER]["data"]}
    said = answered(reader.call("lay_explanation_over", again, 1, by=BY_SHEET))
    assert list(said) == [LAID_OVER]  # a sheet that came with its colours
    assert rows(house) == before


def test_a_bare_sheet_after_another_changes_nothing(reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    asked = {"method": "off", "explained-class": "MI", "shown": PaperSettings().as_json}
    assert reader.call("lay_explanation_over", asked, 1, by=BY_SHEET).status_code == 204


def test_another_sheet_does_not_try_again_what_failed(house: House, reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    claimed = queue.claim(house.sessions, "a")
    assert claimed is not None
    queue.fail(house.sessions, claimed.id, "a", "no memory")
    with house.sessions.begin() as session:
        session.get_one(ExplanationRow, claimed.id).finished_at -= 2 * RETRY
    asked = {"method": "shap", "explained-class": "MI", "laid-over": LIES | {"drawn": False}}
    for by, state in ((BY_SHEET, JobState.FAILED), (0, JobState.QUEUED)):
        answered(reader.call("lay_explanation_over", asked, 1, by=by))
        with house.sessions.read() as session:
            assert session.get_one(ExplanationRow, claimed.id).state is state


def test_it_is_taken_off_again(house: House, reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    compute(house)
    ask(reader)
    figure, said, stopped, lies = parts(ask(reader, "off"))
    assert not coloured(figure) and said == "" and stopped and lies is None


def test_another_one_takes_the_colours_off_while_it_is_computed(
    house: House, reader: Visitor
) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    compute(house)
    *_, lies = parts(ask(reader))
    figure, *_ = parts(ask(reader, superclass="CD", lies=lies))
    assert figure and not coloured(figure)


@pytest.mark.parametrize("function", BOTH)
@pytest.mark.parametrize("chosen", [("tea-leaves", "MI"), ("shap", "FLU")])
def test_an_unknown_question_is_refused(
    reader: Visitor, chosen: tuple[str, str], function: str
) -> None:
    answer_blind(reader, 1, Superclass.MI)
    asked = dict(zip(("method", "explained-class"), chosen, strict=True))
    assert reader.call(function, asked, 1).status_code == 400


@pytest.mark.parametrize("forged", ["words", [1], 7, {"drawn": "yes"}])
@pytest.mark.parametrize("function", BOTH)
def test_what_a_browser_forges_of_the_page_changes_nothing(
    house: House, reader: Visitor, function: str, forged: object
) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    compute(house)
    asked = {"method": "shap", "explained-class": "MI"}
    stores = dict.fromkeys(("laid-over", "told", "shown"), forged)
    assert reader.call(function, asked | stores, 1).status_code == 200


def test_words_about_another_explanation_are_hidden(house: House, reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    compute(house)
    asked = {"method": "shap", "explained-class": "MI", "laid-over": LIES | {"method": "lime"}}
    laid = answered(reader.call("lay_explanation_over", asked, 1))
    assert laid[EXPLAINED] == {"className": STALE}
    told = answered(reader.call("tell_explanation", asked | {"laid-over": LIES}, 1))
    assert told[EXPLAINED]["className"] == TOLD


def test_attention_is_called_attention(house: House, reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader, "attention")
    compute(house, unit=Unit.ATTENTION)
    _, said, *_ = parts(ask(reader, "attention"))
    assert "Attention is where the network looked, not why it concluded." in said


def test_how_far_to_trust_it_stands_beside_it(house: House, reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    compute(house)
    assert "Measuring how far it can be trusted." in parts(ask(reader))[1]
    report(house, REPORT)
    said = parts(ask(reader))[1]
    assert "What it points at moves the network's word more than random places do." in said
    for line in (
        "Deletion against 16 random orders +1.20 logits (95\u00a0% +0.90 to +1.50)",
        "Insertion against 16 random orders −0.10 logits (95\u00a0% −0.30 to +0.10)",
        "Rank agreement Grad-CAM +0.41",
        "The same under 20 µV of noise +0.93 rank correlation",
        "Left over of the sum 2.1\u00a0%",
        "On this checkpoint not measured",
    ):
        assert line in said


def test_the_words_tell_a_class_that_was_not_found(house: House, reader: Visitor) -> None:
    answer_blind(reader, 1, Superclass.MI)
    ask(reader, superclass="CD")
    compute(house)
    assert "CD is below its threshold." in parts(ask(reader, superclass="CD"))[1]


def test_what_lay_over_the_trace_is_kept_with_the_final_answer(
    house: House, reader: Visitor
) -> None:
    form = answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    compute(house)
    *_, lies = parts(ask(reader))
    submit(reader, 1, form, form.payload, lies=lies)
    with house.sessions.read() as session:
        final = session.scalars(select(Reading).where(Reading.stage == Stage.FINAL)).one()
    assert final.shown["explanation"] == {"method": "shap", "class": "MI"}


def test_what_was_never_computed_is_not_kept_as_shown(house: House, reader: Visitor) -> None:
    form = answer_blind(reader, 1, Superclass.MI)
    ask(reader)
    forged = {"method": "shap", "class": "MI", "drawn": True}
    submit(reader, 1, form, form.payload, lies=forged)
    with house.sessions.read() as session:
        final = session.scalars(select(Reading).where(Reading.stage == Stage.FINAL)).one()
    assert "explanation" not in final.shown


def test_what_is_shown_first_is_asked_for_with_the_blind_answer(
    house: House, reader: Visitor
) -> None:
    answer_blind(reader, 3, Superclass.CD)
    with house.sessions.read() as session:
        row = session.scalars(select(ExplanationRow)).one()
    assert (row.method, row.superclass) == (Method.INTEGRATED_GRADIENTS, Superclass.CD)
    assert row.state is JobState.QUEUED


def test_the_first_method_and_class_are_those_of_the_page(reader: Visitor) -> None:
    answer_blind(reader, 3, Superclass.CD)
    panel = list(components(json.loads(open_ecg(reader, 3))))
    chosen = {
        one["id"]["part"]: one.get("value") for one in panel if isinstance(one.get("id"), dict)
    }
    assert (chosen["explained-class"], chosen["method"]) == ("CD", "off")
    (first,) = [one["data-method"] for one in panel if "data-method" in one]
    assert first == Method.INTEGRATED_GRADIENTS
