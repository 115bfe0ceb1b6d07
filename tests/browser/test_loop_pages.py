"""Administrators in a browser: the models page, the readers page, what is exported."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from core.checkpoint import read_card
from core.ecg import Superclass
from feedback import catalogue, finetune, registry
from feedback.db import now
from feedback.tables import AuditEntry, Job, JobState, Retraining, Role, User
from tests.browser.conftest import Desk, OpenDesk, Serve
from tests.browser.hands import EMAIL, reading_place
from tests.factories import Installation, add_person
from tests.factories_challenger import NEW, challenge
from tests.factories_gold import golden, known
from tests.factories_readings import answer, blind, final

ADMIN = "admin@example.org"
WHY = "The ward asked for it, for a trial of a week."


@pytest.fixture
def place(tmp_path: Path, migrated: Path, checkpoint: Path) -> Installation:
    """An installation with an administrator, a champion and a challenger that the gate stopped."""
    made = reading_place(tmp_path, migrated)
    add_person(made.sessions, ADMIN, Role.ADMIN)
    with made.sessions.begin() as session:
        challenge(session, checkpoint, tmp_path / "new")
    return made


@pytest.fixture
def desk(place: Installation, serve: Serve, desks: OpenDesk) -> Desk:
    """The administrator's place, not signed in yet."""
    return desks(serve(place))


def running(epochs: list[dict[str, float]]) -> Job:
    """A run that goes on."""
    return Job(
        kind=finetune.KIND,
        payload={},
        state=JobState.RUNNING,
        priority=0,
        progress=0.3,
        message="",
        attempts=1,
        cancel_requested=False,
        enqueued_by=ADMIN,
        enqueued_at=now(),
        checkpoint={"epochs": epochs},
    )


def served(place: Installation) -> str:
    with place.sessions.read() as session:
        return catalogue.active_model(session).version


def test_what_is_taught_is_the_plan_on_screen(
    desk: Desk, place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "FEWEST", 2)
    reader = add_person(place.sessions, "other@example.org", Role.CLINICIAN)
    for ecg_id in (1, 2):
        blind(place.sessions, reader.id, ecg_id)
    page = desk.sign_in(ADMIN, path="/models")
    plan = page.get_by_role("button", name="Plan retraining")
    start = page.get_by_role("button", name="Start retraining")
    plan.click()
    expect(page.get_by_text("Assisted ones are not taught.")).to_be_visible()
    page.get_by_label("teach assisted answers too").check()
    expect(start).to_have_count(0)
    plan.click()
    expect(page.get_by_text("Assisted ones are taught.")).to_be_visible()
    start.click()
    expect(page.get_by_text("is queued: its progress is shown here.")).to_be_visible()
    expect(start).to_have_count(0)
    with place.sessions.read() as session:
        assert session.scalars(select(Retraining)).one().include_assisted


def test_a_stopped_challenger_needs_a_reason_and_there_is_a_way_back(
    desk: Desk, place: Installation
) -> None:
    first = served(place)
    page = desk.sign_in(ADMIN, path=f"/models?version={NEW}")
    expect(page.get_by_text("The AUROC of MI on 9b differs by -0.0300.")).to_be_visible()
    expect(page.get_by_text(f"The gate has stopped it ({NEW} is stopped by")).to_be_visible()
    promote = page.get_by_role("button", name="Promote all the same")
    promote.click()
    expect(page.get_by_text("only a written justification of 20 characters")).to_be_visible()
    assert served(place) == first
    page.get_by_label("Justification").fill(WHY)
    promote.click()
    expect(page.get_by_text(f"{NEW} is served.")).to_be_visible()
    expect(page.get_by_role("heading", name=f"{NEW}, champion")).to_be_visible()
    expect(promote).to_have_count(0)
    assert served(place) == NEW
    page.get_by_role("button", name=f"Roll back to {first}").click()
    expect(page.get_by_text(f"{first} is served.")).to_be_visible()
    expect(page.get_by_role("heading", name=f"{NEW}, retired")).to_be_visible()
    assert served(place) == first
    with place.sessions.read() as session:
        kept = session.scalars(select(AuditEntry).where(AuditEntry.action.like("model.%"))).all()
    assert [entry.action for entry in kept][-2:] == ["model.promote", "model.rollback"]
    assert kept[-2].detail["justification"] == WHY


def test_the_report_of_each_version_is_reached_from_the_table_whatever_was_promoted_since(
    desk: Desk, place: Installation
) -> None:
    first = served(place)
    page = desk.sign_in(ADMIN, path="/models")
    page.get_by_role("link", name=NEW).click()
    expect(page.get_by_role("heading", name=f"{NEW}, failed")).to_be_visible()
    with place.sessions.begin() as session:
        registry.promote(session, NEW, actor="somebody else", justification=WHY)
    expect(page.get_by_text("has changed since this report was drawn")).to_be_visible()
    expect(page.get_by_role("button", name="Promote all the same")).to_be_visible()  # a hand's
    page.get_by_role("link", name=NEW).click()  # which is where the page is
    expect(page.get_by_role("heading", name=f"{NEW}, champion")).to_be_visible()
    expect(page.get_by_text("has changed since this report was drawn")).to_have_count(0)
    page.get_by_role("link", name=first).click()
    expect(page.get_by_role("heading", name=f"{first}, retired")).to_be_visible()


def test_the_table_of_versions_is_moved_and_not_the_page(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 700, "height": 900})
    page = desk.sign_in(ADMIN, path="/models")
    expect(page.get_by_role("link", name=NEW)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_log_stays_as_it_was_left_while_its_run_goes_on(desk: Desk, place: Installation) -> None:
    epochs = [{"epoch": 1, "loss": 0.31, "auroc_9a": 0.91, "seconds": 9}]
    with place.sessions.begin() as session:
        session.add(running(epochs))
    page = desk.sign_in(ADMIN, path="/models")
    log = page.locator("details").filter(has=page.get_by_text("Log", exact=True))
    second = log.get_by_role("row").filter(has_text="0.9400")
    expect(log).not_to_have_attribute("open", "")
    log.get_by_text("Log", exact=True).click()
    epochs.append(epochs[0] | {"epoch": 2, "auroc_9a": 0.94})
    with place.sessions.begin() as session:
        session.execute(update(Job).values(checkpoint={"epochs": epochs}, progress=0.5))
    expect(second).to_be_visible()  # a tick has drawn it
    expect(log).to_have_attribute("open", "")


def test_a_version_that_comes_in_is_listed_on_the_open_page(
    desk: Desk, place: Installation, tmp_path: Path, checkpoint: Path
) -> None:
    page = desk.sign_in(ADMIN, path=f"/models?version={NEW}")
    expect(page.get_by_role("link", name=NEW)).to_be_visible()
    expect(page.get_by_role("link", name="2031.1")).to_have_count(0)
    shutil.copytree(checkpoint, tmp_path / "newer")
    with place.sessions.begin() as session:
        card = read_card(checkpoint).model_copy(update={"version": "2031.1"})
        registry.add(session, card, tmp_path / "newer", actor="worker")
    expect(page.get_by_role("link", name="2031.1")).to_be_visible()
    expect(page.get_by_text("has changed since")).to_have_count(0)  # not of what is on screen
    expect(page.get_by_role("row").filter(has=page.get_by_role("link", name=NEW))).to_have_class(
        "chosen"
    )


def test_gold_answers_show_who_follows_a_wrong_model(desk: Desk, place: Installation) -> None:
    reader = _reader(place)
    blind(place.sessions, reader, 1, answer())
    final(place.sessions, reader, 1, answer(Superclass.MI))
    page = desk.sign_in(ADMIN, path="/readers")
    expect(page.get_by_text("Changes unjudged")).to_be_visible()
    page.get_by_label("Answers as CSV").fill("ecg_id,NORM,MI,STTC,CD,HYP\n1,1,0,0,0,0")
    page.get_by_role("button", name="Make these gold").click()
    expect(page.get_by_text("Gold now: 1.")).to_be_visible()
    page.reload()
    row = page.get_by_role("row").filter(has_text=EMAIL).filter(has_text="gold")
    expect(row).to_contain_text("1 of 1, 1.00 [0.03, 1.00] few")


def test_whoever_gave_the_gold_answers_is_told_and_goes_on(desk: Desk, place: Installation) -> None:
    golden(place.sessions, {1: known()})
    page = desk.sign_in(ADMIN, path="/read/1")
    expect(page.get_by_text("You have given the gold answers to ECG 1")).to_be_visible()
    for key in ("1", "p", "Enter", "u"):  # there is nothing that they could answer
        page.keyboard.press(key)
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="ECG 2")).to_be_visible()
    expect(page.get_by_role("heading", name="Your answer")).to_be_visible()


def test_a_reader_finds_their_own_readings(desk: Desk, place: Installation) -> None:
    blind(place.sessions, _reader(place), 1, answer())
    page = desk.sign_in(EMAIL)
    page.get_by_role("link", name="My readings").click()
    expect(page.get_by_role("heading", name="My readings")).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_contain_text(EMAIL)
    expect(page.get_by_text("gold")).to_have_count(0)


def test_a_filter_counts_before_it_lets_out(desk: Desk, place: Installation) -> None:
    reader = _reader(place)
    for ecg_id in (1, 2):
        blind(place.sessions, reader, ecg_id, answer())
    final(place.sessions, reader, 1, answer())
    page = desk.sign_in(ADMIN, path="/export")
    expect(page.locator("#export-count")).to_have_text("2")
    expect(page.get_by_label("Reader").locator("option:checked")).to_have_text("any")
    page.get_by_label("Status").select_option("final")
    expect(page.locator("#export-count")).to_have_text("1")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Labels (CSV)").click()
    lines = Path(waiting.value.path()).read_text("utf-8").splitlines()
    assert len(lines) == 2


def _reader(place: Installation) -> int:
    with place.sessions.read() as session:
        found = session.scalar(select(User.id).where(User.email == EMAIL))
    assert found is not None
    return found
