"""How long a reader waits for colours: each method by click in Chromium, with the real explainer.

    python -m tests.browser.bench_explain [PTBXL] [--records N] [--looking S]

Real records where PTBXL or TRUSTECG_PTBXL names them, else simulated ones, explained by the
shipped checkpoint; the opinions are made up. A time is taken in the browser, from the click to the
frame after the one in which the method's name stands over the trace; once where nothing was
computed yet, and once more where it was. One click follows the other, while how far to trust what
came before is still measured; --looking lets a reader look at each for so long. The explainer is
started by the sign-in and yields to the page, as beside any worker.
"""

import argparse
import logging
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, expect

from core.checkpoint import read_card
from core.explain.explanation import Method
from core.ptbxl import Ptbxl
from core.simulate import simulate_dataset
from dashboard.figures.explanation import METHODS
from dashboard.settings import Settings
from feedback import catalogue, db
from feedback.executors.resident import Resident, explainer_beside
from feedback.tables import Role
from tests.browser.hands import EMAIL, answer_blind, at_ecg, sign_in
from tests.browser.serving import chromium, served
from tests.factories import Installation, above, add_person, installation, predict

ASKED = (Method.INTEGRATED_GRADIENTS, Method.OCCLUSION, Method.SHAP, Method.LIME)
READING_S = 10.0  # from sign-in to the first blind answer, a quick reader's
CLICK = """(value) => new Promise((resolve) => {
  const wanted = value.label + ", ";
  const input = document.querySelector(`.methods input[value="${value.method}"]`);
  const since = performance.now();
  input.click();
  const look = () => {
    const there = document.querySelector(".read:not(.waiting .read) .paper");
    if (there.textContent.includes(wanted)) {
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - since), 0));
    } else requestAnimationFrame(look);
  };
  look();
})"""


def main() -> None:
    """Ask, and print what was waited for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ptbxl", nargs="?", default=os.environ.get("TRUSTECG_PTBXL"))
    parser.add_argument("--records", type=int, default=10)
    parser.add_argument("--looking", type=float, default=0.0, help="seconds at one explanation")
    asked = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        records = Ptbxl.open(Path(asked.ptbxl or simulate_dataset(Path(folder) / "ptbxl", 100, 1)))
        ecgs = list(records.records)[: asked.records]
        place = _place(Path(folder), records, ecgs)
        beside = Resident(
            place.settings.database_url,
            Path(folder) / "explainer.log",
            threads=place.settings.explainer_threads,
            report_threads=place.settings.threads,
        )
        with (
            served(place) as address,
            chromium() as browser,
            explainer_beside(place.sessions, beside),
        ):
            _print(_ask(browser.new_page(), address, ecgs, asked.looking))


def _place(folder: Path, records: Ptbxl, ecgs: list[int]) -> Installation:
    migrated = folder / "migrated.db"
    db.upgrade(f"sqlite:///{migrated}")
    place = installation(folder / "instance", records, migrated)
    add_person(place.sessions, EMAIL, Role.CLINICIAN)
    shipped = Settings().checkpoint
    with place.sessions.begin() as session:
        catalogue.register_model(session, read_card(shipped), shipped)
        for ecg_id in ecgs:
            predict(session, ecg_id, above())
    return place


Waits = dict[tuple[Method, bool], list[float]]  # seconds, by method and whether it was cached


def _ask(page: Page, address: str, ecgs: list[int], looking: float) -> Waits:
    page.set_default_timeout(120_000)
    expect.set_options(timeout=120_000)  # the first page of a slow machine
    sign_in(page, address, EMAIL, f"/read/{ecgs[0]}")
    at_ecg(page, ecgs[0])
    time.sleep(READING_S)
    waits: Waits = {(method, cached): [] for method in ASKED for cached in (False, True)}
    for ecg_id in ecgs:
        page.goto(f"http://{address}/read/{ecg_id}")
        at_ecg(page, ecg_id)
        answer_blind(page, "n")
        expect(page.locator(".methods input").first).to_be_attached()
        for cached in (False, True):
            for method in ASKED:
                if page.locator(f'.methods input[value="{method}"]').is_enabled():
                    waited = page.evaluate(CLICK, {"method": method, "label": METHODS[method]})
                    waits[method, cached].append(waited / 1000)
                    page.wait_for_timeout(1000 * looking)
    return waits


def _print(waits: Waits) -> None:
    for (method, cached), values in waits.items():
        if values:
            kind = "cached" if cached else "computed"
            print(
                f"{method.value}, {kind}: first {values[0]:.2f}, median {median(values):.2f}, "
                f"longest {max(values):.2f} s (n = {len(values)})"
            )


if __name__ == "__main__":
    main()
