"""The web application on its socket, and the worker beside it: they start and stop together."""

import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType
from typing import IO, Any

from dashboard.errors import AddressInUse, SettingsError
from dashboard.settings import Settings

log = logging.getLogger(__name__)

THREADS = 8  # requests that are answered at once
LOG_BYTES = 5_000_000
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
WORKER = (sys.executable, "-m", "dashboard", "worker", "--parent")
STOP_S = 15.0  # from SIGTERM to SIGKILL of the worker, which first ends its job
RESTART_S = 5.0  # between two starts of a worker that dies


def listen(host: str, port: int) -> socket.socket:
    """Take the address before anything else is done; raises AddressInUse or SettingsError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        taken = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _explained(error, host, port) from None
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except OSError as error:
        taken.close()
        raise _explained(error, host, port) from None
    return taken


def _explained(error: OSError, host: str, port: int) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return AddressInUse(
            f"port {port} of {host} is in use: stop what listens there, or set TRUSTECG_PORT"
        )
    return SettingsError(
        f"cannot listen on {host}, port {port} ({error.strerror}): "
        "set TRUSTECG_HOST and TRUSTECG_PORT"
    )


def serve(
    application: Any, taken: socket.socket, settings: Settings, ready: Callable[[str], None]
) -> None:
    """Answer requests until SIGTERM or SIGINT; ``ready(url)`` once the first one was answered."""
    from waitress.server import create_server

    try:
        server = create_server(
            application,
            sockets=[taken],
            threads=THREADS,
            ident=None,
            channel_timeout=60,
            **_behind(settings.trusted_proxy),
        )
    except OSError as error:
        raise _explained(error, settings.host, settings.port) from None
    url = address_of(taken, settings.host)
    threading.Thread(target=_announce, args=(url, ready), daemon=True).start()
    server.run()  # returns at SystemExit, which the signal handlers raise


def _behind(proxy: object | None) -> dict[str, Any]:
    """How waitress learns from a proxy, and from nobody else, whom it asks for."""
    if proxy is None:
        return {}
    return {
        "trusted_proxy": str(proxy),
        "trusted_proxy_count": 1,
        # not x-forwarded-proto: under HTTPS each form's Referer is held against Host, which a proxy
        # may have written anew
        "trusted_proxy_headers": {"x-forwarded-for"},
        "clear_untrusted_proxy_headers": True,
    }


def address_of(taken: socket.socket, host: str) -> str:
    """The URL under which a browser on this machine reaches the socket."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    return f"http://{name}:{taken.getsockname()[1]}"


def _announce(url: str, ready: Callable[[str], None]) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(600):
        with suppress(urllib.error.URLError, OSError):
            direct.open(f"{url}/healthz", timeout=5).close()
            return ready(url)
        time.sleep(0.1)
    log.error("%s did not answer within a minute", url)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """SIGTERM and SIGINT end the block; a second one does not disturb the clearing up."""
    numbers = (signal.SIGTERM, signal.SIGINT)

    def stop(number: int, _: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(0)

    before = {each: signal.signal(each, stop) for each in numbers}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def worker_beside(settings: Settings) -> Iterator[None]:
    """Keep a worker process running during the block; what it logs is in logs/worker.log."""
    stop = threading.Event()
    keeper = threading.Thread(target=_keep_worker, args=(settings, stop))
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def _keep_worker(settings: Settings, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            process = _start_worker(settings)
        except OSError as error:  # no memory, no room: there may be some in a while
            log.error("the worker did not start: %s", error)
            stop.wait(RESTART_S)
            continue
        while process.poll() is None and not stop.wait(0.2):
            pass
        if process.poll() is None:
            _end(process)
        else:
            log.error("the worker ended with status %s, see worker.log", process.returncode)
            stop.wait(RESTART_S)


def _start_worker(settings: Settings) -> subprocess.Popen[bytes]:
    with log_file(settings.logs / "worker.log") as output:
        return subprocess.Popen(
            [*WORKER, str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=settings.for_children,
            start_new_session=True,  # Ctrl-C reaches this process alone, which stops it
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def log_file(path: Path) -> IO[bytes]:
    """A log file to append to; a long one is put aside first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def log_to_file(path: Path) -> None:
    """Send what this process logs to ``path``, and errors to stderr too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=3, encoding="utf-8")
    errors = logging.StreamHandler()
    errors.setLevel(logging.ERROR)
    log_with(whole, errors)


def log_with(*handlers: logging.Handler) -> None:
    """Send what this process logs to these handlers alone."""
    logging.basicConfig(format=LOG_FORMAT, level=logging.INFO, handlers=handlers, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every start


def stop_with_parent(stop: threading.Event, parent: int) -> None:
    """Set ``stop`` when the process that started this one is gone, even by SIGKILL."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
