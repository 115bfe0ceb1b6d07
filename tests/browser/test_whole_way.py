"""From the first login to the row in the export, in a browser, on real and simulated records."""

import csv
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.checkpoint import read_card
from core.ecg import LEADS
from core.ptbxl import Ptbxl
from dashboard.settings import REPOSITORY
from feedback import catalogue, jobs, runner, scoring, users
from feedback.tables import Job, Role
from tests.browser.conftest import Desk, OpenDesk, Serve
from tests.browser.hands import TWICE_MS
from tests.browser.trace import curve_under, read_paper
from tests.factories import PASSWORD, Installation, add_person, installation

CHECKPOINT = REPOSITORY / "checkpoints" / "default"
ECG = 2


@pytest.mark.real
def test_the_whole_way_on_real_records(
    ptbxl_root: Path, tmp_path: Path, migrated: Path, serve: Serve, desks: OpenDesk
) -> None:
    go_the_whole_way(Ptbxl.open(ptbxl_root), tmp_path, migrated, serve, desks)


def test_the_whole_way_on_simulated_records(
    tmp_path: Path, migrated: Path, serve: Serve, desks: OpenDesk
) -> None:
    from core.simulate import simulate_dataset

    simulate_dataset(tmp_path / "simulated", 6, 1)
    records = Ptbxl.open(tmp_path / "simulated")
    assert records.simulated
    go_the_whole_way(records, tmp_path, migrated, serve, desks)


def go_the_whole_way(
    records: Ptbxl, folder: Path, migrated: Path, serve: Serve, desks: OpenDesk
) -> None:
    place = installation(folder / "instance", records, migrated)
    score_first(place)
    add_person(place.sessions, "admin@example.org", Role.ADMIN)
    with place.sessions.begin() as session:
        reader = users.add_user(session, "reader@example.org", Role.CLINICIAN, actor="test")
    address = serve(place)
    desk = desks(address)
    first_login(desk, reader.password)
    expect(desk.page.get_by_text("SIMULATED records")).to_have_count(int(records.simulated))
    open_from_worklist(desk.page)
    leads_are_under_their_names(desk.page, records)
    answer_and_save(desk.page)
    desk.page.get_by_role("button", name="Sign out").click()
    expect(desk.page.get_by_role("heading", name="Sign in")).to_be_visible()
    desk.sign_in("admin@example.org")
    row = exported_row(desk.page, folder)
    assert row["reader"] == "reader@example.org"
    assert (row["mi"], row["norm"], row["sttc"]) == ("present", "absent", "unsure")
    assert (row["stage"], row["comment"]) == ("final", "Q waves in II, III, aVF")
    assert row["simulated"] == str(records.simulated).lower()
    assert row["model_version"] == read_card(CHECKPOINT).version
    assert 0 <= float(row["p_mi"]) <= 1


def score_first(place: Installation) -> None:
    """Score with the shipped checkpoint, as the job worker does."""
    with place.sessions.begin() as session:
        catalogue.register_model(session, read_card(CHECKPOINT), CHECKPOINT)
        queued, *_ = scoring.enqueue_scoring(session, actor="test")  # the first shard is enough
    taken = jobs.claim(place.sessions, "test")
    assert taken == queued.id
    runner.run(place.sessions, taken, "test")
    with place.sessions.read() as session:
        assert session.get_one(Job, taken).state == "done"


def first_login(desk: Desk, password: str) -> None:
    page = desk.sign_in("reader@example.org", password)
    expect(page.get_by_role("heading", name="Change password")).to_be_visible()
    page.get_by_label("Present password").fill(password)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    page.get_by_role("button", name="Change password").click()


def open_from_worklist(page: Page) -> None:
    page.get_by_role("gridcell", name=str(ECG), exact=True).first.click()
    expect(page.get_by_role("heading", name=f"ECG {ECG}", exact=True)).to_be_visible()


def leads_are_under_their_names(page: Page, records: Ptbxl) -> None:
    """Each of the twelve names stands over the samples of that lead, as the file has them."""
    ecg = records.read(ECG, 500 if _has_high_rate(records) else 100)
    curves, names = read_paper(page)
    titles = {name.text: name for name in names if name.text in set(map(str, LEADS))}
    assert set(titles) == set(map(str, LEADS))
    for lead in LEADS:
        # lead II stands over the rhythm strip too, whose name comes last
        name = next(name for name in names if name.text == lead)
        painted = curve_under(name, curves)
        first = round(painted.seconds[0] * ecg.rate)
        wave = ecg.lead(lead)[first : first + len(painted.seconds)]
        assert len(wave) == len(painted.seconds) >= 2.4 * ecg.rate
        centred = painted.millivolts - painted.millivolts.mean()
        assert np.abs(centred - (wave - wave.mean())).max() < 0.02, lead


def _has_high_rate(records: Ptbxl) -> bool:
    return (records.root / (records.record(ECG).filename_hr + ".dat")).is_file()


def answer_and_save(page: Page) -> None:
    page.keyboard.press("2")  # infarction present
    page.keyboard.press("r")  # the rest absent
    page.keyboard.press("3")
    page.keyboard.press("u")  # ST/T unsure
    page.keyboard.press("t")
    page.keyboard.type("Q waves in II, III, aVF")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Model's opinion")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    expect(page.locator("#status")).to_contain_text("Blind answer saved")
    expect(page.locator("[data-class=MI] .verdict input").first).to_be_checked()
    page.wait_for_timeout(TWICE_MS)
    page.get_by_role("button", name="Save and next").click()
    expect(page.get_by_role("heading", name=f"ECG {ECG + 1}", exact=True)).to_be_visible()
    expect(page.locator("#status")).to_contain_text("Answer saved")


def exported_row(page: Page, folder: Path) -> dict[str, str]:
    page.get_by_role("link", name="Export").click()
    expect(page.locator("#export-count")).to_have_text("1")
    with page.expect_download() as download:
        page.get_by_role("link", name="Labels (CSV)").click()
    download.value.save_as(folder / "labels.csv")
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["ecg_id"] == str(ECG)
    return row
