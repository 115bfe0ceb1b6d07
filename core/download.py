"""PTB-XL from PhysioNet, or from any server that holds the same tree.

``SHA256SUMS.txt`` drives: what it lists is fetched, and only what has its digest is kept.
"""

import csv
import hashlib
import io
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import quote

from core.digests import sha256_of
from core.errors import DownloadError
from core.fetch import Fetcher
from core.progress import Progress
from core.ptbxl import INDEX

PHYSIONET = "https://physionet.org/files/ptb-xl/1.0.3/"
SUMS = "SHA256SUMS.txt"
CONNECTIONS = 4  # PhysioNet asks for few
_GIVE_UP_AFTER = 5  # failed files: the server is gone, or not the right one
_ASIDE = ".published"  # where the whole index waits while a subset has one of its own
_RATE_FOLDER = {100: "records100/", 500: "records500/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What a download found to do: files there now, and how many of them had to be fetched."""

    files: int
    fetched: int


def download(
    root: Path,
    *,
    base_url: str = PHYSIONET,
    subset: int | None = None,
    rate: Literal[100, 500] | None = None,
    progress: Progress | None = None,
    fetcher: Fetcher | None = None,
) -> Downloaded:
    """Bring ``root`` to what ``base_url`` publishes; goes on where an earlier run stopped.

    ``subset`` takes the first records of the index only (and the index is cut to them),
    ``rate`` one of the two sampling rates. Raises DownloadError.
    """
    base_url = base_url.rstrip("/") + "/"
    fetcher = fetcher or Fetcher()
    root.mkdir(parents=True, exist_ok=True)
    sums = parse_sums(fetcher.text(base_url + SUMS), base_url + SUMS)
    wanted = {path: digest for path, digest in sums.items() if _at_rate(path, rate)}
    index = b""
    if subset is not None:
        index, wanted = _first_records(root, base_url, wanted, subset, fetcher)
    run = _Run(root, base_url, fetcher, progress, len(wanted) - bool(index))
    fetched = run.fetch({path: digest for path, digest in wanted.items() if path != INDEX})
    if index:
        (root / INDEX).write_bytes(index)
    elif INDEX in wanted:  # last, so that a run that was cut off is no data set
        fetched += run.fetch({INDEX: wanted[INDEX]})
    (root / SUMS).write_text("".join(f"{digest}  {path}\n" for path, digest in wanted.items()))
    return Downloaded(files=len(wanted), fetched=fetched)


def parse_sums(text: str, source: str) -> dict[str, str]:
    """The digest of every path that a SHA256SUMS file lists; raises DownloadError.

    A path that leads out of the data set's folder is refused, and the whole list with it.
    """
    sums = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        digest, _, path = line.partition(" ")
        path = path.lstrip(" *")
        if len(digest) != 64 or set(digest.lower()) - set("0123456789abcdef") or not path:
            raise DownloadError(
                f"{source}, line {number}: {line[:80]!r} is no SHA-256 and path: "
                "give the address of the folder that holds SHA256SUMS.txt"
            )
        if not _stays_inside(path):
            raise DownloadError(
                f"{source}, line {number}: {path!r} leads out of the data set: "
                "do not trust this server"
            )
        sums[path] = digest.lower()
    if not sums:
        raise DownloadError(f"{source} lists no file: give another --base-url")
    return sums


class _Run:
    """Fetching with a few connections at a time."""

    def __init__(
        self, root: Path, base_url: str, fetcher: Fetcher, progress: Progress | None, total: int
    ) -> None:
        self._root, self._base_url, self._fetcher = root, base_url, fetcher
        self._progress, self._done, self._total = progress, 0, total
        self._stop = threading.Event()

    def fetch(self, wanted: dict[str, str]) -> int:
        """Fetch what is missing or wrong of these; returns how many files that were."""
        failures: list[DownloadError] = []
        fetched = 0
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            futures = [pool.submit(self._one, *item) for item in wanted.items()]
            try:
                for future in as_completed(futures):
                    fetched += self._result(future, failures)
                    self._tell()
                    if len(failures) >= _GIVE_UP_AFTER:
                        break
            except BaseException:  # Ctrl-C, a full disk: let no transfer go on
                self._stop.set()
                raise
            finally:
                pool.shutdown(cancel_futures=True)
        if failures:
            raise DownloadError(_summary(failures, len(wanted)))
        return fetched

    def _tell(self) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)

    def _one(self, path: str, digest: str) -> bool:
        if self._stop.is_set():
            return False
        return _bring(self._fetcher, self._root, self._base_url, path, digest, self._stop)

    def _result(self, future: Future[bool], failures: list[DownloadError]) -> bool:
        try:
            return future.result()
        except DownloadError as error:
            failures.append(error)
            return False


def _bring(
    fetcher: Fetcher,
    root: Path,
    base_url: str,
    path: str,
    digest: str,
    stop: threading.Event | None = None,
) -> bool:
    """Have ``path`` under ``root`` with that digest; returns whether it had to be fetched."""
    target = root / path
    if target.is_file() and sha256_of(target) == digest:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    url = base_url + quote(path)
    resumed = part.exists()
    fetcher.file(url, part, stop)
    found = sha256_of(part)
    if found != digest and resumed:  # the part was of another version, or damaged
        part.unlink()
        fetcher.file(url, part, stop)
        found = sha256_of(part)
    if found != digest:
        part.unlink()
        raise DownloadError(
            f"{url} has the SHA-256 {found[:12]}..., {SUMS} states {digest[:12]}...: "
            "run the command again, and if it stays so, tell the server's owner"
        )
    part.replace(target)
    return True


def _first_records(
    root: Path, base_url: str, wanted: dict[str, str], subset: int, fetcher: Fetcher
) -> tuple[bytes, dict[str, str]]:
    """The index cut down to the first ``subset`` records, and the files that those need.

    An index that lists records whose files are not there would fill the worklist with errors.
    The whole one is kept aside for the next run.
    """
    if INDEX not in wanted:
        raise DownloadError(f"{base_url}{SUMS} does not list {INDEX}: --subset needs it")
    _bring(fetcher, root / _ASIDE, base_url, INDEX, wanted[INDEX])
    index, stems = _cut_index((root / _ASIDE / INDEX).read_text(encoding="utf-8"), subset)
    chosen = {
        path: digest
        for path, digest in wanted.items()
        if "/" not in path or path.rpartition(".")[0] in stems
    }
    return index, chosen | {INDEX: hashlib.sha256(index).hexdigest()}


def _cut_index(text: str, subset: int) -> tuple[bytes, set[str]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows.fieldnames or [], lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    stems: set[str] = set()
    for row, _ in zip(rows, range(subset), strict=False):
        writer.writerow(row)
        stems |= {str(row.get("filename_lr")), str(row.get("filename_hr"))}
    return out.getvalue().encode(), stems


def _at_rate(path: str, rate: int | None) -> bool:
    other = {100: _RATE_FOLDER[500], 500: _RATE_FOLDER[100]}
    return rate is None or not path.startswith(other[rate])


def _stays_inside(path: str) -> bool:
    parts = PurePosixPath(path)
    climbs = parts.is_absolute() or ".." in parts.parts
    return not climbs and "\\" not in path and ":" not in path and "\0" not in path


def _summary(failures: Iterable[DownloadError], files: int) -> str:
    found = list(failures)
    if len(found) == 1:
        return str(found[0])
    return (
        f"{len(found)} of {files} files could not be fetched, the first: {found[0]} "
        "(run the same command again: it goes on where it stopped)"
    )
