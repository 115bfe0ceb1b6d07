"""The socket of the web application and what stands beside it."""

import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from queue import Queue

import pytest

from dashboard import server
from dashboard.errors import AddressInUse, SettingsError
from dashboard.settings import load_settings


def test_a_taken_port_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AddressInUse) as caught:
            server.listen("127.0.0.1", port)
    assert str(caught.value) == (
        f"port {port} of 127.0.0.1 is in use: stop what listens there, or set TRUSTECG_PORT"
    )


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        server.listen("192.0.2.1", 8050)  # RFC 5737: nobody's
    assert str(caught.value).startswith("cannot listen on 192.0.2.1, port 8050 (")


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]")]
)
def test_the_printed_address_is_one_that_a_browser_can_open(host: str, shown: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert server.address_of(taken, host) == f"http://{shown}:{port}"


@pytest.mark.parametrize(
    ("proxy", "seen"),
    [
        ("127.0.0.1", "198.51.100.7"),  # what the proxy itself has added, not what it was told
        ("192.0.2.1", "127.0.0.1"),
        (None, "127.0.0.1"),
    ],
)
def test_who_asks_is_believed_of_the_trusted_proxy_alone(
    tmp_path: Path, proxy: str | None, seen: str
) -> None:
    addresses: Queue[str] = Queue()

    def note(environ: dict[str, str], start: Callable[..., object]) -> list[bytes]:
        start("200 OK", [])
        addresses.put(environ["REMOTE_ADDR"])
        return []

    settings = load_settings(instance=tmp_path, trusted_proxy=proxy)
    taken, urls = server.listen("127.0.0.1", 0), Queue[str]()
    threading.Thread(
        target=server.serve, args=(note, taken, settings, urls.put), daemon=True
    ).start()
    url = urls.get(timeout=60)
    addresses.get(timeout=60)  # of the first look whether it answers
    headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60).close()
    assert addresses.get(timeout=60) == seen


def test_a_long_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LOG_BYTES", 10)
    path = tmp_path / "logs" / "worker.log"
    for text in (b"a long first line\n", b"second\n"):
        with server.log_file(path) as file:
            file.write(text)
    assert path.read_bytes() == b"second\n"
    assert path.with_name("worker.log.1").read_bytes() == b"a long first line\n"


def test_a_worker_that_cannot_be_started_is_started_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    tries: list[object] = [OSError(12, "Cannot allocate memory"), OSError(28, "No space"), child]
    started = threading.Event()

    def start(_: object) -> object:
        if isinstance(tries[0], OSError):
            raise tries.pop(0)
        started.set()
        return child

    monkeypatch.setattr(server, "_start_worker", start)
    monkeypatch.setattr(server, "RESTART_S", 0.01)
    with server.worker_beside(load_settings(instance=tmp_path)):
        assert started.wait(60)
    assert child.poll() is not None  # and it ends with what it was started for


def test_a_process_notices_that_its_parent_is_gone(tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text(
        "import sys, threading; from pathlib import Path; from dashboard import server\n"
        "stop = threading.Event(); server.stop_with_parent(stop, int(sys.argv[1]))\n"
        f"print('watching', flush=True); stop.wait(90); Path({str(tmp_path / 'seen')!r}).touch()\n"
    )
    parent = (
        "import subprocess, sys, os\n"
        "command = [sys.executable, sys.argv[1], str(os.getpid())]\n"
        "child = subprocess.Popen(command, stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", parent, str(child)], check=False)
    waited = threading.Event()
    for _ in range(600):
        if (tmp_path / "seen").exists():
            return
        waited.wait(0.1)
    pytest.fail("the child went on without its parent")
