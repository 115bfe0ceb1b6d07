"""Files over HTTP: retried with patience, and continued where they broke off."""

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from core.errors import DownloadError

T = TypeVar("T")

_CHUNK = 1 << 16
_KEPT: dict[str, Any] = {
    "maxsize": 8,
    "timeout": urllib3.Timeout(connect=10, read=60),
    # tried again by _patiently, which tells what it met; redirects are followed
    "retries": urllib3.Retry(connect=0, read=0, status=0, other=0, redirect=5),
}
_PATIENCE = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)  # 5xx too
_RANGE_TOO_FAR = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


class Fetcher:
    """Fetches with kept connections; safe to share between threads.

    A request that fails for want of luck is tried ``tries`` times, after 1, 2, 4, ... times
    ``wait_s`` seconds; one that cannot succeed (404) is not.
    """

    def __init__(
        self, *, tries: int = 5, wait_s: float = 0.5, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._tries, self._wait_s, self._sleep = tries, wait_s, sleep
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def text(self, url: str) -> str:
        """The text at ``url``, in UTF-8; raises DownloadError."""
        return self._patiently(url, lambda: self._text(url))

    def file(self, url: str, part: Path, stop: threading.Event | None = None) -> None:
        """Complete ``part`` with what ``url`` holds beyond it; raises DownloadError.

        What was received stays in ``part`` when it breaks off. The caller checks the digest.
        """
        self._patiently(url, lambda: self._append(url, part, stop or threading.Event()))

    def _patiently(self, url: str, attempt: Callable[[], T]) -> T:
        for tried in range(1, self._tries + 1):
            try:
                return attempt()
            except (HTTPError, _Later) as error:
                if tried == self._tries:
                    raise DownloadError(
                        f"{url} could not be fetched in {tried} tries ({_reason(error)}): check "
                        "the address and the network, and run the command again"
                    ) from error
                self._sleep(self._wait_s * 2 ** (tried - 1))
        raise AssertionError("unreachable")

    def _text(self, url: str) -> str:
        response = self._pool(url).request("GET", url)
        _check(url, response.status)
        return response.data.decode("utf-8", errors="replace")

    def _append(self, url: str, part: Path, stop: threading.Event) -> None:
        have = part.stat().st_size if part.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        response = self._pool(url).request("GET", url, headers=headers, preload_content=False)
        try:
            if have and response.status == _RANGE_TOO_FAR:
                return  # nothing beyond what is there: complete, or for the digest to refuse
            _check(url, response.status)
            continued = response.status == HTTPStatus.PARTIAL_CONTENT and response.headers.get(
                "Content-Range", ""
            ).startswith(f"bytes {have}-")
            with part.open("ab" if continued else "wb") as stream:
                # read1 and not stream, which drops what came last when it breaks off
                while chunk := response.read1(_CHUNK):
                    stream.write(chunk)
                    if stop.is_set():
                        raise DownloadError(f"{url} was broken off: run the command again")
            response.release_conn()
        except BaseException:
            response.close()
            raise

    def _pool(self, url: str) -> urllib3.PoolManager:
        """Kept connections, through the proxy that the environment names for this address."""
        scheme, _, rest = url.partition("://")
        host = rest.partition("/")[0]
        proxy = None if proxy_bypass(host) else getproxies().get(scheme)
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = (
                    urllib3.ProxyManager(proxy, **_KEPT) if proxy else urllib3.PoolManager(**_KEPT)
                )
            return self._pools[proxy]


class _Later(Exception):
    """The server asks for patience."""


def _check(url: str, status: int) -> None:
    if status in _PATIENCE or status >= 500:
        raise _Later(f"the server answers {status}")
    if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        raise DownloadError(
            f"{url} cannot be had, the server answers {status}: check --base-url, the folder "
            "that holds SHA256SUMS.txt"
        )


def _reason(error: Exception) -> str:
    """The last sentence of a chain of wrapped errors: that is where the cause stands."""
    return str(error).rpartition(": ")[2].strip("()'\"") or type(error).__name__
