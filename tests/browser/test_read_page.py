"""The read page under a person's hands: keys, lost sessions, failed saves, late answers."""

import re
import threading

import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect
from sqlalchemy import select, update

from core.ecg import Superclass
from feedback.tables import Prediction, Reading, RecordRow, Role
from tests.browser.conftest import DESK, LAPTOP, SMALL, WIDE, Desk
from tests.browser.hands import (
    ANSWER,
    EMAIL,
    TWICE_MS,
    UPDATE,
    answer_blind,
    at_ecg,
    choice,
    divert,
    end_sessions,
    stored,
)
from tests.factories import Installation, add_person

ON_SCREEN_AT_ENTER = """document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const chosen = (row) => row.querySelector(".verdict input:checked").value;
  const rows = [...document.querySelectorAll(".question")];
  window.onScreen = Object.fromEntries(rows.map((row) => [row.dataset.class, chosen(row)]));
}, true)"""


def test_the_keyboard_is_enough(desk: Desk, place: Installation) -> None:
    page = desk.sign_in(EMAIL)
    page.get_by_role("gridcell", name="1003").click(trial=True)
    page.get_by_role("gridcell", name="1001").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    at_ecg(page, 2)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("n")  # the sheet is in front: nothing is entered behind it
    page.keyboard.press("Escape")
    expect(choice(page, "NORM", "Present")).not_to_be_checked()
    page.keyboard.press("n")
    expect(choice(page, "NORM", "Present")).to_be_checked()
    expect(choice(page, "HYP", "Absent")).to_be_checked()
    page.keyboard.press("4")
    page.keyboard.press("4")
    expect(choice(page, "CD", "Absent")).to_be_checked()
    page.keyboard.press("x")
    expect(page.get_by_label("Unreadable")).to_be_checked()
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    page.wait_for_timeout(TWICE_MS)
    page.keyboard.press("Enter")
    at_ecg(page, 3)
    page.keyboard.press("j")
    at_ecg(page, 4)
    page.keyboard.press("k")
    at_ecg(page, 3)
    page.keyboard.press("w")
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    assert stored(place) == 2


def test_the_answer_sent_is_the_one_on_screen_however_quick_the_hand(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.evaluate(
        "['n', '5', '1', 'Enter'].forEach(key =>"
        " document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })))"
    )
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    page.wait_for_timeout(TWICE_MS)
    page.evaluate(
        "['2', 'Enter'].forEach(key =>"
        " document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })))"
    )
    at_ecg(page, 2)
    with place.sessions.read() as session:
        blind, final = session.scalars(select(Reading).order_by(Reading.id))
    assert (blind.verdict_norm, blind.verdict_hyp, blind.verdict_mi) == (
        "absent",
        "present",
        "absent",
    )
    assert (final.verdict_mi, final.agreement["MI"]) == ("present", "agree")


def test_letters_in_the_comment_are_no_commands(desk: Desk) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.get_by_title("Comment").press_sequentially("next: jk 12 unsure?")
    expect(page.get_by_title("Comment")).to_have_value("next: jk 12 unsure?")
    at_ecg(page, 1)
    expect(page.locator(".verdict input:checked")).to_have_count(0)


def test_a_lost_session_is_noticed_and_loses_nothing(desk: Desk, place: Installation) -> None:
    desk.watch.tolerated = ("401",)
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    held: list[Route] = []  # until all is typed, the server does not say that the session ended
    typed = threading.Event()
    divert(page, UPDATE, lambda route: route.continue_() if typed.is_set() else held.append(route))
    end_sessions(place)
    page.keyboard.press("2")
    page.keyboard.press("r")
    page.get_by_title("Comment").fill("typed after the session had ended")
    typed.set()
    for request in held:
        request.continue_()
    expect(page).to_have_url(re.compile(r"/login\?ended=1&next=%2Fread%2F1$"))
    assert stored(place) == 0
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    at_ecg(page, 1)
    expect(choice(page, "MI", "Present")).to_be_checked()
    expect(choice(page, "CD", "Absent")).to_be_checked()
    expect(page.get_by_title("Comment")).to_have_value("typed after the session had ended")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    assert stored(place) == 1


def test_a_save_that_fails_says_so_and_keeps_what_was_typed(
    desk: Desk, place: Installation
) -> None:
    desk.watch.tolerated = ("ERR_FAILED", "Failed to fetch", "Callback failed")
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("n")
    page.get_by_title("Comment").fill("kept")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    divert(page, ANSWER, lambda route: route.abort())
    page.get_by_role("button", name="Submit").click()
    expect(
        page.get_by_role("alert").filter(has_text="not saved yet: no connection")
    ).to_be_visible()
    expect(page.get_by_title("Comment")).to_have_value("kept")
    assert stored(place) == 0
    page.unroute(ANSWER)
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    expect(page.locator("#trouble")).to_have_count(0)
    assert stored(place) == 1


def test_what_the_server_could_not_take_is_told_until_the_answer_is_changed(
    desk: Desk, place: Installation
) -> None:
    desk.watch.tolerated = ("500",)
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("n")
    divert(page, ANSWER, lambda route: route.fulfill(status=500))
    with page.expect_response(UPDATE):  # a draft that goes well says nothing of the answer
        page.keyboard.press("Enter")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    trouble = page.get_by_role("alert").filter(has_text="the server could not do it (500)")
    expect(trouble).to_be_visible()
    page.unroute(ANSWER)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    expect(trouble).to_have_count(0)
    assert stored(place) == 1


@pytest.mark.parametrize("reply", ["<p>Sign in to the guests' network", "{"])
def test_after_a_reply_that_is_not_the_servers_whole_one_the_answer_goes_out_again(
    desk: Desk, place: Installation, reply: str
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    divert(page, ANSWER, lambda route: route.fulfill(body=reply))
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("alert").filter(has_text="not saved yet: no connection")
    ).to_be_visible()
    page.unroute(ANSWER)
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    assert stored(place) == 1


def test_a_refusal_is_told_to_who_has_gone_on(desk: Desk, place: Installation) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    held: list[Route] = []
    divert(page, ANSWER, lambda route: held.append(route))
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    at_ecg(page, 2)
    held[0].continue_()
    expect(page.locator("#status")).to_contain_text("ECG 1: Not saved: no verdict on Normal ECG")
    assert stored(place) == 0


def test_an_answer_is_kept_in_the_browser_before_it_is_sent(desk: Desk) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    divert(page, ANSWER, lambda route: route.abort())
    desk.watch.tolerated = ("ERR_FAILED",)
    assert "typed last" in page.evaluate(
        """() => {
          document.querySelector(".answer textarea").value = "typed last";
          document.querySelector(".answer .submit").click();
          return JSON.stringify(localStorage);
        }"""
    )


def test_a_late_answer_about_one_ecg_is_not_shown_at_another(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("n")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    held: list[Route] = []
    divert(page, ANSWER, lambda route: held.append(route))
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    at_ecg(page, 2)
    assert len(held) == 1
    with page.expect_response(ANSWER):
        held[0].continue_()
    expect(page.locator("#status")).to_contain_text("Blind answer saved")
    at_ecg(page, 2)
    expect(page.get_by_role("heading", name="Your answer")).to_be_visible()
    expect(page.get_by_role("heading", name="Model's opinion")).to_have_count(0)
    expect(page.locator(".verdict input:checked")).to_have_count(0)
    assert stored(place) == 1


def test_verdict_and_word_on_the_model_never_contradict_each_other(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    agreement = page.locator("[data-class=MI] .agree")
    expect(agreement.get_by_label("Disagree")).to_be_checked()
    page.keyboard.press("2")
    expect(agreement.get_by_label("Agree", exact=True)).to_be_checked()
    agreement.get_by_text("Disagree").click()
    expect(choice(page, "MI", "Absent")).to_be_checked()
    expect(agreement.get_by_label("Disagree")).to_be_checked()
    page.keyboard.press("2")
    page.keyboard.press("u")
    expect(agreement.locator("input:checked")).to_have_count(0)
    expect(choice(page, "MI", "Unsure")).to_be_checked()
    agreement.get_by_text("Agree", exact=True).click()
    expect(choice(page, "MI", "Present")).to_be_checked()
    page.locator("[data-class=HYP] .agree").get_by_text("Disagree").click()
    page.locator("[data-class=CD] .verdict").get_by_text("Unsure").click()
    page.wait_for_timeout(TWICE_MS)
    page.keyboard.press("Enter")
    at_ecg(page, 2)
    with place.sessions.read() as session:
        *_, final = session.scalars(select(Reading).order_by(Reading.id))
    assert (final.verdict_mi, final.verdict_hyp) == ("present", "present")
    said = {"NORM": "disagree", "MI": "agree", "STTC": "agree", "HYP": "disagree"}
    assert final.agreement == said


@pytest.mark.parametrize(
    ("first", "then"), [(("n", "1", "2"), ("2", "r")), (("2", "r"), ("n", "1", "2"))]
)
def test_keys_pressed_without_a_pause_store_what_is_on_screen(
    desk: Desk, place: Installation, first: tuple[str, ...], then: tuple[str, ...]
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.evaluate(ON_SCREEN_AT_ENTER)
    seen = []
    for keys in (first, then):
        for key in (*keys, "Enter"):
            page.keyboard.press(key)
        seen.append(page.evaluate("window.onScreen"))
        if len(seen) == 1:
            expect(page.get_by_role("heading", name="Your final answer")).to_be_visible()
        page.wait_for_timeout(TWICE_MS)
    at_ecg(page, 2)
    with place.sessions.read() as session:
        answers = session.scalars(select(Reading).order_by(Reading.id)).all()
    assert [
        {name.value: getattr(answer, f"verdict_{name.lower()}") for name in Superclass}
        for answer in answers
    ] == seen


def test_a_second_press_is_not_taken_for_the_final_answer(desk: Desk, place: Installation) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("n")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    with page.expect_response(ANSWER):
        page.get_by_role("button", name="Submit").dblclick()
        page.keyboard.press("Enter")  # at once: a loaded machine reveals late
    expect(page.get_by_role("heading", name="Your final answer")).to_be_visible()
    page.wait_for_timeout(1500)
    at_ecg(page, 1)
    assert stored(place) == 1


def test_times_are_those_of_the_readers_zone(desk: Desk) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("n")
    stamp = page.locator(".under time")
    expect(stamp).not_to_contain_text("UTC")
    utc, shown = stamp.get_attribute("datetime"), stamp.inner_text()
    assert utc is not None
    assert int(shown[:2]) == (int(utc[11:13]) + 9) % 24  # the browser is in Tokyo
    assert shown[3:] == utc[14:19]


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ADJUDICATOR, Role.ADMIN])
@pytest.mark.parametrize("size", [DESK, SMALL], ids=["1440x900", "1024x768"])
def test_nothing_overlaps_or_is_cut(
    desk: Desk, place: Installation, size: dict[str, int], role: Role
) -> None:
    desk.page.set_viewport_size(size)
    who = f"a.rather.long.name.of.an.{role}@example.org"
    add_person(place.sessions, who, role)
    page = desk.sign_in(who)
    expect(page.get_by_role("gridcell", name="1001")).to_be_visible()
    fits(page)
    bar_holds_its_parts(page)
    desk.go("/read/1")
    at_ecg(page, 1)
    fits(page)
    apart(page, ".trace", ".entry", ".read-head", ".bar")
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    saved = page.locator("#status").get_by_text("Blind answer saved")
    expect(saved).to_be_in_viewport(ratio=1)
    bar_holds_its_parts(page)
    fits(page)
    page.keyboard.press("End")  # a form along the lower edge lies over what is above it
    page.wait_for_timeout(300)
    apart(page, ".trace", ".entry", ".evidence", ".read-head", ".bar")
    apart(page, ".opinion", ".explanation", ".published")
    apart(page, ".questions .question:nth-child(2) .name", ".question:nth-child(2) .verdict")


def fits(page: Page) -> None:
    """The page is no wider than the window, and no text runs out of its place."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    cut = page.evaluate(
        "[...document.querySelectorAll('.panel, .answer, .question, .bar, .page-head, label.btn')]"
        ".filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.className)"
    )
    assert cut == []


def bar_holds_its_parts(page: Page) -> None:
    """Links, what was saved last and the rest stand beside each other within the bar."""
    parts = [".bar .brand", ".bar nav", ".bar .status", ".bar .who"]
    boxes = {part: page.locator(part).bounding_box() for part in (*parts, ".bar", ".bar form")}
    bar = boxes.pop(".bar")
    assert bar
    for part, box in boxes.items():
        assert box, part
        assert box["width"] >= 40, part
        assert bar["y"] <= box["y"], part
        assert box["y"] + box["height"] <= bar["y"] + bar["height"], part
        assert box["x"] + box["width"] <= bar["width"], part
    apart(page, *parts)


def apart(page: Page, *selectors: str) -> None:
    """These parts of the page do not overlap."""
    boxes = {selector: page.locator(selector).first.bounding_box() for selector in selectors}
    for one, a in boxes.items():
        for other, b in boxes.items():
            assert a is not None and b is not None, (one, other)
            beside = a["x"] + a["width"] <= b["x"] + 0.5 or b["x"] + b["width"] <= a["x"] + 0.5
            below = a["y"] + a["height"] <= b["y"] + 0.5 or b["y"] + b["height"] <= a["y"] + 0.5
            assert one == other or beside or below, f"{one} overlaps {other}"


@pytest.mark.parametrize("size", [DESK, WIDE, SMALL], ids=["1440", "1920", "1024"])
def test_what_the_model_says_of_a_class_stands_beside_the_word_on_it(
    desk: Desk, place: Installation, size: dict[str, int]
) -> None:
    with place.sessions.begin() as session:
        unsure = select(RecordRow.id).where(RecordRow.ecg_id == 1).scalar_subquery()
        change = update(Prediction).where(Prediction.record_id == unsure)
        session.execute(change.values(p_hyp=0.2413, abstained=["HYP"]))
    desk.page.set_viewport_size(size)
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    answer_blind(page, "n", "1", "2")  # normal and infarction: the form asks whether it is meant
    said = dict.fromkeys(("NORM", "STTC", "CD"), "Model 0.03, below 0.50")
    said |= {"MI": "Model 0.81, above 0.50", "HYP": "Model 0.24, below 0.50"}
    for name, words in said.items():
        row = page.locator(f"[data-class={name}]")
        expect(row.locator(".call")).to_have_text(words)
        word = row.get_by_text("abstains") if name == "HYP" else row.locator(".agree")
        for part in (row.locator(".name"), row.locator(".call"), row.locator(".verdict"), word):
            expect(part).to_be_in_viewport(ratio=1)
    expect(page.locator("[data-class=HYP] .agree")).to_have_count(0)
    expect(page.get_by_text("The model's uncertainty is 0.25")).to_be_in_viewport(ratio=1)
    page.keyboard.press("c")  # the row of the calipers moves the paper down
    expect(page.locator(".caliper-tools")).to_be_visible()
    apart(page, ".paper", ".entry", ".read-head")
    fits(page)


def test_form_and_refusal_are_on_screen_where_little_is_to_be_had(desk: Desk) -> None:
    desk.page.set_viewport_size(SMALL)
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("2")
    expect(page.locator(".entry")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not saved: no verdict on Normal ECG")).to_be_in_viewport(ratio=1)
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    expect(page.locator(".entry")).to_be_in_viewport(ratio=1)


@pytest.fixture
def odd(place: Installation) -> Installation:
    """Of ECG 3 the opinion contradicts itself, of ECG 4 there is none."""
    of = {n: select(RecordRow.id).where(RecordRow.ecg_id == n).scalar_subquery() for n in (3, 4)}
    with place.sessions.begin() as session:
        for ecg_id, values in (
            (3, {"p_norm": 0.8123, "labels": "NORM MI"}),
            (4, {"p_norm": None, "acceptable": False, "reasons": ["Lead V2 is flat."]}),
        ):
            change = update(Prediction).where(Prediction.record_id == of[ecg_id])
            session.execute(change.values(values))
    return place


@pytest.mark.parametrize("size", [SMALL, LAPTOP, DESK, WIDE])
@pytest.mark.parametrize(
    ("ecg_id", "words"),
    [
        (2, "Lead I looks reversed."),
        (3, "Normal ECG and another class are above threshold"),
        (4, "The model refused this record: Lead V2 is flat."),
    ],
)
def test_what_speaks_against_an_opinion_is_seen_before_the_answer_to_it(
    odd: Installation, desk: Desk, size: ViewportSize, ecg_id: int, words: str
) -> None:
    page = desk.sign_in(EMAIL, path=f"/read/{ecg_id}")
    page.set_viewport_size(size)
    at_ecg(page, ecg_id)
    answer_blind(page, "n")
    warning = page.locator(".entry").get_by_text(words).locator("visible=true")
    expect(warning).to_have_count(1)
    seen = """(it) => {
      const box = it.getClientRects()[0];
      return document.elementFromPoint(box.x + 20, box.y + box.height / 2) === it;
    }"""
    assert warning.evaluate(seen)
    warnings = page.locator(".warning").get_by_text("Lead I looks reversed.")
    expect(warnings.locator("visible=true")).to_have_count(int(ecg_id in (2, 3)))  # not twice


def test_a_refusal_goes_with_the_answer_that_was_refused(desk: Desk) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    refusal = page.get_by_text("Not saved: no verdict on Normal ECG")
    expect(refusal).to_be_visible()
    expect(page.get_by_text("Draft saved")).to_be_visible()
    expect(refusal).to_be_visible()
    page.keyboard.press("1")
    expect(refusal).to_have_count(0)
