"""A real server on a loopback port and a real Chromium that watches what the pages do."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.hands import reading_place, sign_in
from tests.browser.serving import served
from tests.factories import PASSWORD, Installation

DESK = {"width": 1440, "height": 900}
WIDE = {"width": 1920, "height": 1080}
LAPTOP = {"width": 1280, "height": 800}
SMALL = {"width": 1024, "height": 768}

expect.set_options(timeout=30_000)  # a loaded machine is no failure


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@dataclass
class Watch:
    """What went on in a context's pages."""

    address: str
    complaints: list[str] = field(default_factory=list)  # of the console, CSP included
    foreign: list[str] = field(default_factory=list)  # requests to other machines
    tolerated: tuple[str, ...] = ()  # complaints that a test provokes

    def over(self, context: BrowserContext) -> None:
        """Listen to everything in this context."""
        context.on("request", lambda request: self._requested(request.url))
        context.on("console", lambda said: self._said(said.type, said.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _requested(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.address:
            self.foreign.append(url)

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(known in text for known in self.tolerated):
            self.complaints.append(text)


@dataclass
class Desk:
    """A person's place at the screen: a page of a browser, and how to sign in."""

    page: Page
    address: str
    watch: Watch

    def go(self, path: str) -> Page:
        """Open a page by its address."""
        self.page.goto(f"http://{self.address}{path}")
        return self.page

    def sign_in(self, email: str, password: str = PASSWORD, path: str = "/") -> Page:
        """Sign in and arrive at ``path``."""
        sign_in(self.page, self.address, email, path, password)
        return self.page


Serve = Callable[[Installation], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A function that serves an installation and returns its address."""
    with ExitStack() as stack:
        yield lambda place: stack.enter_context(served(place))


OpenDesk = Callable[[str], Desk]


@pytest.fixture
def desks(browser: Browser) -> Iterator[OpenDesk]:
    """A function that opens a browser context at an address.

    At the end no page may have complained, or asked another machine for anything.
    """
    opened: list[tuple[BrowserContext, Watch]] = []

    def open_desk(address: str) -> Desk:
        context = browser.new_context(
            viewport=DESK, accept_downloads=True, timezone_id="Asia/Tokyo"
        )
        watch = Watch(address)
        watch.over(context)
        opened.append((context, watch))
        page = context.new_page()
        page.set_default_timeout(60_000)  # a loaded machine is no failure
        return Desk(page, address, watch)

    yield open_desk
    for context, watch in opened:
        context.close()
        assert watch.foreign == []
        assert watch.complaints == []


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """Six ECGs with opinions, and a reader."""
    return reading_place(tmp_path, migrated)


@pytest.fixture
def desk(place: Installation, serve: Serve, desks: OpenDesk) -> Desk:
    """The reader's place, not signed in yet."""
    return desks(serve(place))
