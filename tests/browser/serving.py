"""A real server on a loopback port, and a real Chromium outside of pytest."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from dashboard.app import create_app
from tests.conftest import BROWSER_FLAGS, BROWSERS
from tests.factories import Installation

SCREEN = ViewportSize(width=1440, height=900)


@contextmanager
def served(place: Installation) -> Iterator[str]:
    """The address of an installation, as long as it is served."""
    server = make_server("127.0.0.1", 0, create_app(place.settings).server, threaded=True)
    # asked often whether to stop: by itself, half a second for each test
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser that tests find."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_program(), args=BROWSER_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def readers_chromium(profile: Path) -> Iterator[BrowserContext]:
    """The browser with a profile on disk, where it keeps compiled scripts, as a reader's does.

    A context of ``chromium()`` forgets them, as a browser that has never been here.
    """
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=_program(), args=BROWSER_FLAGS, viewport=SCREEN
        )
        try:
            yield context
        finally:
            context.close()


def _program() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)
