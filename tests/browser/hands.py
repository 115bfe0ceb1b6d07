"""What a reader does at the read page, and how a test sees that it happened."""

import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import func, select, update

from core.ecg import Superclass
from feedback.tables import Reading, Role, User
from tests.factories import (
    PASSWORD,
    Installation,
    above,
    add_person,
    installation,
    predict,
    serve_model,
)
from tests.factories_dataset import dataset

EMAIL = "reader@example.org"
UPDATE = "**/_dash-update-component*"
ANSWER = "**/read/*/answer"
DIVERTED = "/assets/favicon.ico?diverted"  # what a page asks for to see whether it is
# what this browser keeps of answers
KEPT = "Object.keys(localStorage).filter(key => key.startsWith('trustecg-draft'))"
TWICE_MS = 800  # a second press within it would be taken for an accident


def reading_place(
    folder: Path, migrated: Path, records: int = 6, *, ahead: int = 0
) -> Installation:
    """ECGs that the model calls infarctions, and a reader; ``ahead`` as in the settings."""
    data = dataset(folder / "data", records)
    made = installation(folder / "instance", data, migrated, ahead=ahead)
    add_person(made.sessions, EMAIL, Role.CLINICIAN)
    with made.sessions.begin() as session:
        serve_model(session)
        for ecg_id in range(1, records + 1):
            predict(session, ecg_id, above(Superclass.MI), warnings=("Lead I looks reversed.",))
    return made


def stored(place: Installation) -> int:
    """How many answers the database has."""
    with place.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(Reading)) or 0


def end_sessions(place: Installation) -> None:
    """What a new password does to whoever is signed in."""
    with place.sessions.begin() as session:
        session.execute(update(User).values(session_stamp="another"))


def sign_in(
    page: Page, address: str, email: str, path: str = "/", password: str = PASSWORD
) -> None:
    """Sign in and go on to ``path``."""
    page.goto(f"http://{address}/login?next={path}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def at_ecg(page: Page, ecg_id: int) -> None:
    """The page of this ECG is there, with its trace."""
    expect(page.get_by_role("heading", name=f"ECG {ecg_id}", exact=True)).to_be_visible()
    traces = page.locator(f'.read[data-ecg="{ecg_id}"] .paper path.js-line')
    expect(traces.nth(13)).to_be_attached()


def divert(page: Page, url: str, handler: Callable[[Route], object]) -> None:
    """``page.route`` that holds once it returns.

    Chromium says that requests are intercepted before a page that is open knows of it: 3 of 150
    that were sent at once went to the server.
    """
    page.route(url, handler)
    page.route(f"**{DIVERTED}", lambda route: route.fulfill(body="diverted"))
    asks = f"fetch('{DIVERTED}', {{ cache: 'no-store' }}).then(response => response.text())"
    until(lambda: page.evaluate(asks) == "diverted")
    page.unroute(f"**{DIVERTED}")


def choice(page: Page, superclass: str, verdict: str) -> Locator:
    """The button of a verdict on a class."""
    row = page.locator(f"[data-class={superclass}]").filter(visible=True)
    return row.locator(".verdict").get_by_label(verdict)


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until this holds; what is waited for is no page's business."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.05)


def answer_blind(page: Page, *keys: str) -> None:
    """Press these keys and Enter; the opinion appears."""
    for key in (*keys, "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()


def answer_both(page: Page, *keys: str) -> None:
    """Answer blind with these keys, then let the answer stand."""
    answer_blind(page, *keys)
    page.wait_for_timeout(TWICE_MS)
    page.keyboard.press("Enter")
