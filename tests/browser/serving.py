"""A real server on a loopback port, and a real Chromium outside of pytest."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from dashboard.app import create_app
from tests.conftest import BROWSER_FLAGS, BROWSERS
from tests.factories import Installation


@contextmanager
def served(place: Installation) -> Iterator[str]:
    """The address of an installation, as long as it is served."""
    server = make_server("127.0.0.1", 0, create_app(place.settings).server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
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
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=BROWSER_FLAGS)
        try:
            yield browser
        finally:
            browser.close()
