"""How long a reader waits: `make bench-ui` reads 200 ECGs by key in Chromium and prints it.

    python -m tests.browser.bench_ui [PTBXL] [--records N] [--think S]

Real records where PTBXL or TRUSTECG_PTBXL names them, else simulated ones. The opinions are made
up: what is timed is the page, in the browser: from the key that submits to the frame after the one
in which the next ECG is painted; on a page that is loaded, from the paper's place in the document
to the screen that shows the ECG on it. The browser has a profile on disk, as a reader's has, and
keeps compiled scripts there; a first visit, in a browser that has none of them yet, is timed too,
and all of it, from the press on "Sign in" to the ECG.
Times follow the load of the machine.
"""

import argparse
import json
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from statistics import quantiles

from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.ptbxl import Ptbxl
from core.simulate import simulate_dataset
from feedback import db
from feedback.tables import Role
from tests.browser.hands import EMAIL, answer_blind, at_ecg, sign_in
from tests.browser.serving import SCREEN, chromium, readers_chromium, served
from tests.factories import Installation, above, add_person, installation, predict, serve_model

LOADS = 40  # of pages of unread ECGs, each timed to its first paint
VISITS = 10  # each in a browser that has never been here
BARS = {  # ms
    "submit to next ECG painted": 150.0,
    "first paint of the paper": 200.0,
    "first paint on a first visit": 200.0,
}
STOPWATCH = """(() => {
  window.waits = { next: [], placed: null, shown: null };
  let pressed = null, at = null, drawn = null;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter") pressed = performance.now();
  }, true);
  // at once, not with the next frame: plotly may draw before there is one
  const arrival = new MutationObserver(() => {
    if (!document.querySelector(".read .paper")) return;
    window.waits.placed = performance.now();
    arrival.disconnect();
  });
  arrival.observe(document, { childList: true, subtree: true });
  const look = () => {
    const page = document.querySelector(".read:not(.waiting .read)");
    const ecg = page && page.querySelectorAll(".paper path.js-line").length > 12
      ? page.dataset.ecg : null;
    if (ecg && ecg !== at) {
      const since = pressed, first = at === null;
      if (first) drawn = performance.now();
      requestAnimationFrame(() => setTimeout(() => {
        const now = performance.now();
        // of the first, where its frame was too short to be told of
        if (first) window.waits.shown = window.waits.shown || now;
        else window.waits.next.push(now - since);
      }, 0));
      at = ecg;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  // when the frame in which the ECG was drawn came to the screen, as Chromium tells it
  new PerformanceObserver((list) => {
    for (const frame of list.getEntries()) {
      const end = frame.startTime + frame.duration;
      const its = drawn !== null && frame.startTime <= drawn && drawn <= end;
      if (its) window.waits.shown = frame.presentationTime || window.waits.shown;
    }
  }).observe({ type: "long-animation-frame" });
})()"""


def main() -> None:
    """Read, and print what was waited for."""
    asked = _arguments()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        place, ecgs = _place(Path(folder), asked)
        expect.set_options(timeout=60_000)  # the first page of a slow machine
        with served(place) as address:
            with readers_chromium(Path(folder) / "profile") as context:
                _print(_read_all(context, address, ecgs, asked.think))
            with chromium() as browser:
                _print(_first_visits(browser, address, ecgs))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ptbxl", nargs="?", default=GIVEN)
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--think", type=float, default=1.5, help="seconds a reader looks at an ECG")
    parser.add_argument("--ahead", type=int, default=3, help="ECGs laid out before their turn")
    return parser.parse_args()


GIVEN = os.environ.get("TRUSTECG_PTBXL")


def _place(folder: Path, asked: argparse.Namespace) -> tuple[Installation, list[int]]:
    if asked.ptbxl is None:
        simulate_dataset(folder / "ptbxl", asked.records + LOADS, 1)
    records = Ptbxl.open(Path(asked.ptbxl or folder / "ptbxl"))
    migrated = folder / "migrated.db"
    db.upgrade(f"sqlite:///{migrated}")
    place = installation(folder / "instance", records, migrated, ahead=asked.ahead)
    add_person(place.sessions, EMAIL, Role.CLINICIAN)
    ecgs = list(records.records)[: asked.records + LOADS]
    with place.sessions.begin() as session:
        serve_model(session)
        for ecg_id in ecgs:
            predict(session, ecg_id, above())
    return place, ecgs


def _read_all(
    context: BrowserContext, address: str, ecgs: list[int], think: float
) -> dict[str, list[float]]:
    page = _timed_page(context)
    sizes: list[float] = []
    sign_in(page, address, EMAIL, f"/read/{ecgs[0]}")
    for ecg_id in ecgs[:-LOADS]:
        at_ecg(page, ecg_id)
        sizes.append(_figure_kib(page))
        page.wait_for_timeout(think * 500)
        answer_blind(page, "n")
        page.wait_for_timeout(max(750.0, think * 500))
        _let_it_stand(page, ecg_id)
    at_ecg(page, ecgs[-LOADS])
    page.wait_for_timeout(200)
    return {
        "submit to next ECG painted": page.evaluate("window.waits.next"),
        "first paint of the paper": [
            _first_paint(page, address, ecg_id) for ecg_id in ecgs[-LOADS:]
        ],
        "figure payload": sizes,
    }


def _timed_page(context: BrowserContext) -> Page:
    context.add_init_script(STOPWATCH)
    page = context.new_page()
    page.set_default_timeout(60_000)
    return page


def _first_visits(browser: Browser, address: str, ecgs: list[int]) -> dict[str, list[float]]:
    paints, whole = [], []
    for ecg_id in ecgs[-VISITS:]:
        with browser.new_context(viewport=SCREEN) as context:
            page = _timed_page(context)
            sign_in(page, address, EMAIL, f"/read/{ecg_id}")
            paints.append(_painted(page, ecg_id))
            whole.append(page.evaluate("window.waits.shown"))
    return {
        "first paint on a first visit": paints,
        "first visit, from signing in to the ECG": whole,
    }


def _first_paint(page: Page, address: str, ecg_id: int) -> float:
    """Load a page anew: ms to its first paint."""
    page.goto(f"http://{address}/read/{ecg_id}")
    return _painted(page, ecg_id)


def _painted(page: Page, ecg_id: int) -> float:
    """From the paper's place in the document to the ECG on screen, in ms."""
    at_ecg(page, ecg_id)
    page.wait_for_timeout(1500)  # the pages that wait are laid out: the next load is alone
    return float(page.evaluate("window.waits.shown - window.waits.placed"))


def _let_it_stand(page: Page, ecg_id: int) -> None:
    """Press Enter; again where a slow page took it for the second press of a double one."""
    here = page.locator(f'.read[data-ecg="{ecg_id}"] .evidence').filter(visible=True)
    for _ in range(10):
        page.keyboard.press("Enter")
        with suppress(AssertionError):
            expect(here).to_have_count(0, timeout=3000)
            return


def _figure_kib(page: Page) -> float:
    """The figure on screen as the JSON that brought it, in KiB."""
    figure = page.evaluate(
        """() => {
          const graph = document.querySelector(
            ".read:not(.waiting .read) .paper .js-plotly-plot");
          const coded = (y) => y && y.bdata ? { dtype: y.dtype, bdata: y.bdata } : y;
          const data = graph.data.map((one) => Object.assign({}, one, { y: coded(one.y) }));
          return JSON.stringify({ data: data, layout: graph.layout }).length;
        }"""
    )
    return float(figure) / 1024


def _print(waits: dict[str, list[float]]) -> None:
    for what, values in waits.items():
        unit = "KiB" if "payload" in what else "ms"
        cuts = quantiles(values, n=20, method="inclusive") if len(values) > 1 else values * 20
        line = {"n": len(values), "p50": round(cuts[len(cuts) // 2]), "p95": round(cuts[-1])}
        bar = f"  (bar {BARS[what]:.0f})" if what in BARS else ""
        print(f"{what}, {unit}: {json.dumps(line)}{bar}")


if __name__ == "__main__":
    main()
