"""200 ECGs read by keyboard alone, the server killed half-way: nothing is lost or double."""

import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from core.ecg import Superclass
from core.ptbxl import Ptbxl
from core.simulate import simulate_dataset
from feedback.tables import Reading, RecordRow, Role, Stage
from tests.browser.conftest import OpenDesk
from tests.browser.hands import EMAIL, at_ecg, until
from tests.factories import Installation, above, add_person, installation, predict, serve_model

RECORDS = 200
KILLED_AT = 100  # the ECG whose blind answer meets a server that is just being killed
# a reader's second look, without its second: the page takes a press at once for an accident
HURRY = """(() => {
  const real = performance.now.bind(performance);
  let ahead = 0;
  performance.now = () => real() + ahead;
  const made = Object.getOwnPropertyDescriptor(Event.prototype, "timeStamp").get;
  Object.defineProperty(Event.prototype, "timeStamp", {
    get() { return made.call(this) + ahead; },
  });
  window.look = () => { ahead += 1000; };
})()"""


class Server:
    """The web application in a process of its own, on a port that stays the same."""

    def __init__(self, place: Installation) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait for its first answer."""
        command = [sys.executable, "-m", "dashboard", "serve", "--port", self.address.split(":")[1]]
        self._process = subprocess.Popen(
            command, env=self._place.settings.for_children, stdout=subprocess.DEVNULL
        )
        until(self._answers, 120)

    def _answers(self) -> bool:
        with suppress(OSError):
            urllib.request.urlopen(f"http://{self.address}/healthz", timeout=5).close()
            return True
        return False

    def kill(self) -> None:
        """SIGKILL: it gets no chance to finish anything."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """Two hundred simulated ECGs with opinions, and a reader."""
    simulate_dataset(tmp_path / "data", RECORDS, 1)
    records = Ptbxl.open(tmp_path / "data")
    made = installation(tmp_path / "instance", records, migrated, ahead=3)
    add_person(made.sessions, EMAIL, Role.CLINICIAN)
    with made.sessions.begin() as session:
        serve_model(session)
        for ecg_id in records.records:
            predict(session, ecg_id, above(Superclass.MI))
    return made


@pytest.fixture
def server(place: Installation) -> Iterator[Server]:
    """The running server; it is gone at the end."""
    started = Server(place)
    started.start()
    yield started
    started.kill()


def test_two_hundred_ecgs_by_keyboard_with_a_kill_in_the_middle(
    place: Installation, server: Server, desks: OpenDesk
) -> None:
    desk = desks(server.address)
    desk.watch.tolerated = ("ERR_CONNECTION", "ERR_EMPTY", "Failed to fetch", "Callback failed")
    desk.page.add_init_script(HURRY)
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    for ecg_id in range(1, RECORDS + 1):
        on_screen(page, ecg_id, ".blind")
        page.keyboard.press("n")
        page.keyboard.press("2" if ecg_id % 2 else "5")
        page.keyboard.press("Enter")
        if ecg_id == KILLED_AT:
            server.kill()
            page.wait_for_timeout(1000)
            server.start()
        see_the_opinion(page, ecg_id)
        let_it_stand(page, ecg_id)
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    once_each(place)


def on_screen(page: Page, ecg_id: int, part: str) -> None:
    """This part of this ECG's page is there to be seen."""
    here = page.locator(f'.read[data-ecg="{ecg_id}"] {part}')
    expect(here).to_be_visible(timeout=60_000)


def see_the_opinion(page: Page, ecg_id: int) -> None:
    """It follows the Enter; press once more where that came before the form was filled."""
    here = page.locator(f'.read[data-ecg="{ecg_id}"] .evidence').filter(visible=True)
    for _ in range(20):
        with suppress(AssertionError):
            expect(here).to_be_visible(timeout=3000)
            return
        page.keyboard.press("Enter")
    raise AssertionError(f"ECG {ecg_id} showed no opinion")


def let_it_stand(page: Page, ecg_id: int) -> None:
    """Look at the opinion, then Enter; once more where the page took it for an accident."""
    here = page.locator(f'.read[data-ecg="{ecg_id}"] .evidence').filter(visible=True)
    for _ in range(20):
        page.evaluate("window.look()")
        page.keyboard.press("Enter")
        with suppress(AssertionError):
            expect(here).to_have_count(0, timeout=3000)
            return
    raise AssertionError(f"ECG {ecg_id} was not left")


def once_each(place: Installation) -> None:
    """Each ECG has one blind and one final answer, and they say what was pressed."""
    with place.sessions.read() as session:
        found = session.execute(
            select(RecordRow.ecg_id, Reading).join(Reading, Reading.record_id == RecordRow.id)
        ).all()
    wanted = Counter({(n, stage): 1 for n in range(1, RECORDS + 1) for stage in Stage})
    assert Counter((ecg_id, reading.stage) for ecg_id, reading in found) == wanted
    for ecg_id, reading in found:
        said = (str(reading.verdict_norm), str(reading.verdict_mi), str(reading.verdict_hyp))
        pressed = ("present", "absent") if ecg_id % 2 else ("absent", "present")
        assert said == ("present", *pressed), ecg_id
