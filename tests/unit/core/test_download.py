"""PTB-XL over HTTP, here from loopback: resumed, verified, and clear where it cannot be had."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.digests import sha256_of
from core.download import Downloaded, download, parse_sums
from core.errors import DownloadError
from core.fetch import Fetcher
from core.ptbxl import Ptbxl
from core.verify import verify
from tests.factories_ecg import row, write_index, write_record
from tests.factories_server import Tree, serve

SAMPLES = "records100/00000/00002_lr.dat"


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    """Three records at both rates, as PhysioNet serves them."""
    root = write_index(tmp_path / "server", *(row(ecg_id) for ecg_id in (1, 2, 3)))
    for ecg_id in (1, 2, 3):
        write_record(root / f"records100/00000/{ecg_id:05d}_lr")
        write_record(root / f"records500/00000/{ecg_id:05d}_hr", rate=500)
    (root / "LICENSE.txt").write_text("CC BY 4.0")
    with serve(root) as tree:
        tree.seal()
        yield tree


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def fetcher() -> Fetcher:
    """One that does not wait between its tries."""
    return Fetcher(tries=3, sleep=lambda seconds: None)


def fetch(tree: Tree, home: Path, **options: int) -> Downloaded:
    return download(home, base_url=tree.url, fetcher=fetcher(), **options)  # type: ignore[arg-type]


def files(root: Path) -> dict[str, bytes]:
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def without_sums(root: Path) -> dict[str, bytes]:
    """All files but the two that a download keeps for itself."""
    own = ("SHA256SUMS.txt", ".published/ptbxl_database.csv")
    return {name: content for name, content in files(root).items() if name not in own}


def test_everything_that_is_published_comes_over(tree: Tree, home: Path) -> None:
    assert fetch(tree, home) == Downloaded(files=15, fetched=15)
    assert without_sums(home) == without_sums(tree.root)
    assert verify(home).faults == ()
    assert Ptbxl.open(home).read(3).seconds == 10


def test_progress_counts_files(tree: Tree, home: Path) -> None:
    seen: list[tuple[int, int]] = []
    download(
        home,
        base_url=tree.url,
        fetcher=fetcher(),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(done, 15) for done in range(1, 16)]


def test_the_index_comes_last(tree: Tree, home: Path) -> None:
    """So that a run that was cut off is not taken for a data set."""
    tree.status[SAMPLES] = [404]
    with pytest.raises(DownloadError):
        fetch(tree, home)
    assert not (home / "ptbxl_database.csv").exists()
    fetch(tree, home)
    assert tree.asked[-1] == ("ptbxl_database.csv", None)


def test_a_second_run_fetches_nothing(tree: Tree, home: Path) -> None:
    fetch(tree, home)
    tree.asked.clear()
    assert fetch(tree, home) == Downloaded(files=15, fetched=0)
    assert tree.asked == [("SHA256SUMS.txt", None)]


def test_what_is_wrong_or_lost_is_fetched_again(tree: Tree, home: Path) -> None:
    fetch(tree, home)
    (home / SAMPLES).write_bytes(b"spoilt")
    (home / "LICENSE.txt").unlink()
    assert fetch(tree, home) == Downloaded(files=15, fetched=2)
    assert without_sums(home) == without_sums(tree.root)


def test_a_subset_has_an_index_of_its_own(tree: Tree, home: Path) -> None:
    fetch(tree, home, subset=2)
    assert list(Ptbxl.open(home).records) == [1, 2]
    assert not list(home.rglob("00003*"))
    assert verify(home).faults == ()
    assert verify(home).checked == 11


def test_a_subset_grows_to_the_whole(tree: Tree, home: Path) -> None:
    fetch(tree, home, subset=1)
    fetch(tree, home)
    assert without_sums(home) == without_sums(tree.root)


def test_a_subset_larger_than_the_index_is_all_of_it(tree: Tree, home: Path) -> None:
    fetch(tree, home, subset=50)
    assert list(Ptbxl.open(home).records) == [1, 2, 3]


def test_one_rate_alone(tree: Tree, home: Path) -> None:
    fetch(tree, home, rate=100)
    assert not (home / "records500").exists()
    assert verify(home).faults == ()


def test_a_transfer_that_breaks_off_is_continued(tree: Tree, home: Path) -> None:
    tree.cut[SAMPLES] = 5000
    fetch(tree, home)
    assert [part for path, part in tree.asked if path == SAMPLES] == [None, "bytes=5000-"]
    assert without_sums(home) == without_sums(tree.root)


def test_a_run_that_was_stopped_goes_on_from_its_part(tree: Tree, home: Path) -> None:
    part = home / (SAMPLES + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes((tree.root / SAMPLES).read_bytes()[:7000])
    fetch(tree, home)
    assert (SAMPLES, "bytes=7000-") in tree.asked
    assert tree.times(SAMPLES) == 1
    assert without_sums(home) == without_sums(tree.root)


def test_a_part_that_is_whole_already_is_kept(tree: Tree, home: Path) -> None:
    part = home / (SAMPLES + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes((tree.root / SAMPLES).read_bytes())
    fetch(tree, home)
    assert tree.times(SAMPLES) == 1
    assert without_sums(home) == without_sums(tree.root)


@pytest.mark.parametrize("size", [100, 30_000])
def test_a_part_of_something_else_is_thrown_away(tree: Tree, home: Path, size: int) -> None:
    part = home / (SAMPLES + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * size)
    fetch(tree, home)
    assert without_sums(home) == without_sums(tree.root)


def test_a_server_without_range_sends_the_whole_again(tree: Tree, home: Path) -> None:
    tree.ranges = False
    tree.cut[SAMPLES] = 5000
    fetch(tree, home)
    assert tree.times(SAMPLES) == 2
    assert without_sums(home) == without_sums(tree.root)


def test_a_busy_server_is_asked_again_with_longer_waits(tree: Tree, home: Path) -> None:
    tree.status[SAMPLES] = [503, 429]
    waits: list[float] = []
    patient = Fetcher(tries=3, wait_s=0.5, sleep=waits.append)
    download(home, base_url=tree.url, fetcher=patient)
    assert waits == [0.5, 1.0]
    assert without_sums(home) == without_sums(tree.root)


def test_a_server_that_stays_busy_is_named(tree: Tree, home: Path) -> None:
    tree.status[SAMPLES] = [503] * 3
    with pytest.raises(DownloadError) as caught:
        fetch(tree, home)
    assert str(caught.value) == (
        f"{tree.url}/{SAMPLES} could not be fetched in 3 tries (the server answers 503): check "
        "the address and the network, and run the command again"
    )
    assert fetch(tree, home).fetched == 2  # that one, and the index that comes last


def test_a_wrong_digest_is_refused_and_not_kept(tree: Tree, home: Path) -> None:
    content = (tree.root / SAMPLES).read_bytes()
    (tree.root / SAMPLES).write_bytes(content[:-1] + b"?")
    with pytest.raises(DownloadError) as caught:
        fetch(tree, home)
    found, stated = (
        sha256_of(tree.root / SAMPLES),
        parse_sums((tree.root / "SHA256SUMS.txt").read_text(), ""),
    )
    assert str(caught.value) == (
        f"{tree.url}/{SAMPLES} has the SHA-256 {found[:12]}..., SHA256SUMS.txt states "
        f"{stated[SAMPLES][:12]}...: run the command again, and if it stays so, tell the "
        "server's owner"
    )
    assert not (home / SAMPLES).exists()
    assert not list(home.rglob("*.part"))
    assert (home / "records100/00000/00003_lr.dat").exists()


def test_a_file_that_is_shorter_than_published_is_refused(tree: Tree, home: Path) -> None:
    (tree.root / SAMPLES).write_bytes((tree.root / SAMPLES).read_bytes()[:4000])
    with pytest.raises(DownloadError, match="has the SHA-256"):
        fetch(tree, home)
    assert not (home / SAMPLES).exists()


def test_a_missing_file_is_named_at_once(tree: Tree, home: Path) -> None:
    (tree.root / SAMPLES).unlink()
    with pytest.raises(DownloadError) as caught:
        fetch(tree, home)
    assert str(caught.value).startswith(
        f"{tree.url}/{SAMPLES} cannot be had, the server answers 404: check --base-url"
    )
    assert tree.times(SAMPLES) == 1


def test_many_failures_give_up_with_the_first(tree: Tree, home: Path) -> None:
    for path in list(tree.root.rglob("*.dat")):
        path.unlink()
    with pytest.raises(DownloadError, match=r"^5 of 14 files could not be fetched, the first: "):
        fetch(tree, home)


def test_a_folder_without_sums_is_named(tree: Tree, home: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        download(home, base_url=tree.url + "/records100", fetcher=fetcher())
    assert str(caught.value) == (
        f"{tree.url}/records100/SHA256SUMS.txt cannot be had, the server answers 404: "
        "check --base-url, the folder that holds SHA256SUMS.txt"
    )


def test_a_server_that_is_not_there_is_named(home: Path, tree: Tree) -> None:
    with pytest.raises(DownloadError) as caught:
        download(home, base_url="http://127.0.0.1:9/ptb-xl", fetcher=fetcher())
    assert str(caught.value).startswith(
        "http://127.0.0.1:9/ptb-xl/SHA256SUMS.txt could not be fetched in 3 tries ("
    )
    assert "Connection refused" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{ok} ../outside", "'../outside' leads out of the data set: do not trust this server"),
        ("{ok} a/../../b", "'a/../../b' leads out of the data set: do not trust this server"),
        ("{ok} /etc/passwd", "'/etc/passwd' leads out of the data set: do not trust this server"),
        ("{ok} a\\..\\b", "'a\\\\..\\\\b' leads out of the data set: do not trust this server"),
        ("{ok} C:/b", "'C:/b' leads out of the data set: do not trust this server"),
        (
            "<html>",
            "'<html>' is no SHA-256 and path: "
            "give the address of the folder that holds SHA256SUMS.txt",
        ),
        (
            "{ok}",
            "'{ok}' is no SHA-256 and path: "
            "give the address of the folder that holds SHA256SUMS.txt",
        ),
    ],
)
def test_sums_that_climb_or_are_none_are_refused(line: str, problem: str) -> None:
    ok = "ab" * 32
    with pytest.raises(DownloadError) as caught:
        parse_sums(f"{ok}  fine.csv\n" + line.replace("{ok}", ok) + "\n", "URL")
    assert str(caught.value) == "URL, line 2: " + problem.replace("{ok}", ok)


def test_nothing_is_fetched_where_a_path_climbs(tree: Tree, home: Path) -> None:
    with (tree.root / "SHA256SUMS.txt").open("a") as sums:
        sums.write("ab" * 32 + " ../outside\n")
    with pytest.raises(DownloadError, match="leads out of the data set"):
        fetch(tree, home)
    assert files(home) == {}


def test_both_forms_of_sums_are_read() -> None:
    digest = "AB" * 32
    assert parse_sums(f"{digest} a b.csv\n{digest}  c\n{digest} *d\n\n", "URL") == dict.fromkeys(
        ("a b.csv", "c", "d"), digest.lower()
    )


def test_an_empty_list_is_named() -> None:
    with pytest.raises(DownloadError, match="^URL lists no file: give another --base-url$"):
        parse_sums("\n", "URL")


def test_what_was_received_stays_when_it_is_interrupted(tree: Tree, home: Path) -> None:
    """Ctrl-C sets the stop of the running transfers; the next run goes on from there."""
    (tree.root / "large.bin").write_bytes(bytes(1 << 20))
    home.mkdir()
    stop = threading.Event()
    stop.set()
    with pytest.raises(DownloadError, match="was broken off: run the command again"):
        fetcher().file(tree.url + "/large.bin", home / "large.bin.part", stop)
    assert 0 < (home / "large.bin.part").stat().st_size < 1 << 20
    fetcher().file(tree.url + "/large.bin", home / "large.bin.part")
    assert (home / "large.bin.part").stat().st_size == 1 << 20
    assert tree.asked[-1][1] is not None
