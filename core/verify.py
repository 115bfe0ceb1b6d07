"""Whether the files of a data set are what was published."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.digests import sha256_of
from core.download import SUMS, parse_sums
from core.errors import RecordError
from core.progress import Progress
from core.ptbxl import INDEX, Ptbxl
from core.wfdb_reader import read_wfdb


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One file that is not what it should be, by its path within the data set."""

    file: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was checked and what was found wrong; ``against`` says what with."""

    checked: int
    faults: tuple[Fault, ...]
    against: str


def verify(root: Path, progress: Progress | None = None) -> Verified:
    """Check every file by SHA256SUMS.txt, or else every record by its header's checksums.

    Rows of the index that cannot be read are faults too. Raises DatasetNotFound, and
    DatasetUnreadable or DownloadError for an index or a list of digests that does not parse.
    """
    dataset = Ptbxl.open(root)
    sums = root / SUMS
    if sums.is_file():
        listed = parse_sums(sums.read_text(encoding="utf-8", errors="replace"), str(sums))
        checks = [_digest_check(root, path, digest) for path, digest in listed.items()]
        against = SUMS
    else:
        checks = [_header_check(root, stem) for stem in _stems(dataset)]
        against = "the checksums in the headers"
    faults = [Fault(file=INDEX, problem=str(row)) for row in dataset.skipped]
    for done, check in enumerate(checks, start=1):
        if fault := check():
            faults.append(fault)
        if progress:
            progress(done, len(checks))
    return Verified(checked=len(checks), faults=tuple(faults), against=against)


def _digest_check(root: Path, path: str, digest: str) -> Callable[[], Fault | None]:
    def check() -> Fault | None:
        if not (root / path).is_file():
            return Fault(file=path, problem="missing")
        if sha256_of(root / path) != digest:
            return Fault(file=path, problem=f"its SHA-256 is not the one that {SUMS} states")
        return None

    return check


def _header_check(root: Path, stem: str) -> Callable[[], Fault | None]:
    def check() -> Fault | None:
        try:
            read_wfdb(root / stem, within=root)
        except RecordError as error:
            return Fault(file=stem, problem=str(error))
        return None

    return check


def _stems(dataset: Ptbxl) -> Iterator[str]:
    """The records at 100 Hz, and those at 500 Hz where that folder is there at all."""
    both = (dataset.root / "records500").is_dir()
    for record in dataset.records.values():
        yield record.filename_lr
        if both:
            yield record.filename_hr
