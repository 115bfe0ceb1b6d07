"""Adjudication in a browser, by keys alone."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from sqlalchemy import select

from core.ecg import Superclass
from feedback.tables import Adjudication, Role, Verdict
from tests.browser.conftest import LAPTOP, WIDE, OpenDesk, Serve
from tests.browser.hands import at_ecg, choice, reading_place, until
from tests.factories import add_person
from tests.factories_adjudication import dispute, settled
from tests.factories_readings import answer, answered, blind

UMPIRE = "umpire@example.org"
Said = tuple[Superclass, ...]  # the classes that a reader calls present
CaseOf = Callable[[Said, Said], Page]


def test_two_conflicts_are_settled_by_keys(
    tmp_path: Path, migrated: Path, serve: Serve, desks: OpenDesk
) -> None:
    place = reading_place(tmp_path, migrated)
    readers = tuple(
        add_person(place.sessions, f"{name}@example.org", Role.CLINICIAN).id for name in "ab"
    )
    add_person(place.sessions, UMPIRE, Role.ADJUDICATOR)
    for ecg_id in (2, 4):
        dispute(place.sessions, (readers[0], readers[1]), ecg_id, Superclass.CD)
    page = desks(serve(place)).sign_in(UMPIRE, path="/adjudicate")
    expect(page.get_by_text("2 ECGs wait for a verdict.")).to_be_visible()
    page.get_by_role("link", name="ECG 2").click()
    at_ecg(page, 2)
    page.keyboard.press("Enter")
    refused = page.get_by_text("Not saved: no verdict on Conduction disturbance")
    expect(refused).to_be_visible()
    page.keyboard.press("4")
    expect(refused).to_be_hidden()
    page.keyboard.press("Enter")
    at_ecg(page, 4)
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No ECG waits for a verdict.")).to_be_visible()
    with place.sessions.read() as session:
        made = session.scalars(select(Adjudication).order_by(Adjudication.id)).all()
    assert [(one.verdict_cd, one.unreadable) for one in made] == [
        (Verdict.PRESENT, False),
        (None, True),
    ]


def test_undo_leads_back_to_the_case_settled_last_and_to_no_reading(
    tmp_path: Path, migrated: Path, serve: Serve, desks: OpenDesk
) -> None:
    place = reading_place(tmp_path, migrated)
    readers = [
        add_person(place.sessions, f"{name}@example.org", Role.CLINICIAN).id for name in "ab"
    ]
    answered(place.sessions, add_person(place.sessions, UMPIRE, Role.ADJUDICATOR).id, 1)
    for ecg_id in (2, 4):
        dispute(place.sessions, (readers[0], readers[1]), ecg_id, Superclass.CD)
    page = desks(serve(place)).sign_in(UMPIRE, path="/adjudicate/2")
    at_ecg(page, 2)
    page.keyboard.press("Backspace")
    expect(page.locator("#status")).to_have_text(
        "No verdict of yours stands here: there is nothing to undo."
    )
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    at_ecg(page, 4)
    page.keyboard.press("Backspace")
    at_ecg(page, 2)
    expect(choice(page, "CD", "Present")).to_be_checked()
    page.keyboard.press("Backspace")
    expect(page.locator("#status")).to_contain_text("ECG 2 was your first verdict here")
    expect(page).to_have_url(re.compile("/adjudicate/2$"))


def test_normal_beside_another_class_is_asked_about(
    tmp_path: Path, migrated: Path, serve: Serve, desks: OpenDesk
) -> None:
    """Three more call it normal once the infarction is settled, and that may be changed."""
    place = reading_place(tmp_path, migrated)
    a, b, *more = (
        add_person(place.sessions, f"{name}@example.org", Role.CLINICIAN).id for name in "abcde"
    )
    umpire = add_person(place.sessions, UMPIRE, Role.ADJUDICATOR)
    dispute(place.sessions, (a, b), 2)
    settled(place.sessions, umpire.id, 2, {Superclass.MI: Verdict.ABSENT})
    for reader in more:
        blind(place.sessions, reader, 2, answer(Superclass.NORM))
    page = desks(serve(place)).sign_in(UMPIRE, path="/adjudicate/2")
    page.set_viewport_size({"width": 1024, "height": 768})
    at_ecg(page, 2)
    question = page.get_by_text("Normal ECG is present together with another class.")
    expect(page.get_by_text("Present beside your verdict: Normal ECG.")).to_be_visible()
    expect(question).to_be_hidden()
    page.keyboard.press("2")
    expect(question).to_be_visible()
    page.keyboard.press("x")
    expect(question).to_be_hidden()
    expect(page.get_by_text("Present beside your verdict")).to_be_hidden()
    trace, form = (
        page.locator(f".adjudicating {part}").bounding_box()
        for part in ("section.trace", "section.entry")
    )
    assert trace and form and trace["y"] + trace["height"] <= form["y"]  # none lies under it


NORM, MI, STTC, CD = Superclass.NORM, Superclass.MI, Superclass.STTC, Superclass.CD


@pytest.fixture
def case_of(tmp_path: Path, migrated: Path, serve: Serve, desks: OpenDesk) -> CaseOf:
    """A function that opens ECG 2 before an adjudicator, between two answers."""

    def opened(one: Said, other: Said) -> Page:
        place = reading_place(tmp_path, migrated)
        for name, said in (("a", one), ("b", other)):
            reader = add_person(place.sessions, f"{name}@example.org", Role.CLINICIAN)
            blind(place.sessions, reader.id, 2, answer(*said))
        add_person(place.sessions, UMPIRE, Role.ADJUDICATOR)
        page = desks(serve(place)).sign_in(UMPIRE, path="/adjudicate/2")
        at_ecg(page, 2)
        return page

    return opened


@pytest.mark.parametrize(
    ("one", "other", "called"),
    [
        ((NORM,), (MI,), {NORM: "Present", MI: "Absent"}),
        ((NORM, MI, CD), (NORM,), {NORM: "Present", MI: "Absent", CD: "Absent"}),
    ],
)
def test_n_calls_normal_what_is_asked(
    case_of: CaseOf, one: Said, other: Said, called: dict[Superclass, str]
) -> None:
    page = case_of(one, other)
    page.keyboard.press("n")
    for name, verdict in called.items():
        expect(choice(page, name, verdict)).to_be_checked()
    expect(page.locator(".verdict input:checked")).to_have_count(len(called))


def test_n_calls_nothing_where_readers_agree_that_it_is_not_normal(case_of: CaseOf) -> None:
    page = case_of((MI,), (STTC,))
    page.keyboard.press("n")
    expect(page.locator(".verdict input:checked")).to_have_count(0)
    page.keyboard.press("3")  # the number of its class, as on every other page
    expect(choice(page, "STTC", "Present")).to_be_checked()
    page.keyboard.press("r")
    expect(choice(page, "MI", "Absent")).to_be_checked()


LONG = "Q waves in III and aVF, but small ones. " * 40
WIDTH = "cell => cell.getBoundingClientRect().width"


@pytest.mark.parametrize("size", [LAPTOP, WIDE], ids=["laptop", "wide"])
def test_a_long_comment_takes_the_place_of_nothing_else(
    tmp_path: Path, migrated: Path, serve: Serve, desks: OpenDesk, size: ViewportSize
) -> None:
    place = reading_place(tmp_path, migrated)
    for name, given in (("a", answer(MI, comment=LONG)), ("b", answer())):
        reader = add_person(place.sessions, f"{name}@example.org", Role.CLINICIAN)
        blind(place.sessions, reader.id, 2, given)
    add_person(place.sessions, UMPIRE, Role.ADJUDICATOR)
    page = desks(serve(place)).sign_in(UMPIRE, path="/adjudicate/2")
    page.set_viewport_size(size)
    at_ecg(page, 2)
    widths = {round(it.evaluate(WIDTH)) for it in page.locator(".answers thead th[scope]").all()}
    assert len(widths) == 1
    assert widths.pop() > 100
    expect(page.get_by_role("button", name="Settle and next")).to_be_in_viewport(ratio=1)
    comment = page.get_by_label("Comment of Reader").filter(has_text="Q waves")
    comment.focus()
    page.keyboard.press("End")
    until(lambda: comment.evaluate("it => it.scrollTop + it.clientHeight + 2 > it.scrollHeight"))
