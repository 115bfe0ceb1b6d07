"""The explainer: a process that stays, with torch and the checkpoint loaded, and takes requests.

``python -m feedback.explaining --owner NAME --parent PID`` needs the database's address in the
environment; with ``--reports`` it measures what another one has computed. It ends with its
parent, or when nobody has read anything in a while: at rest it would hold 0.7 to 0.9 GB.
"""

import argparse
import logging
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.ecg import SUPERCLASSES, Ecg, Signal
from core.errors import CheckpointAltered, CoreError, DataError
from core.explain.explanation import Explanation
from core.ptbxl import Ptbxl
from core.wfdb_reader import read_wfdb
from feedback import explanation_queue as queue
from feedback.catalogue import active_model, active_source
from feedback.db import Sessions, make_engine, make_sessions, now
from feedback.errors import CatalogueError, JobError, StorageError
from feedback.explanation_queue import Claimed
from feedback.explanations import BACKGROUND_SEED
from feedback.presence import anybody_since
from feedback.runner import DATABASE_VARIABLE
from feedback.tables import Json, ModelVersion, RecordRow, Source

if TYPE_CHECKING:
    from core.explain.explainer import Explainer

log = logging.getLogger(__name__)

POLL_S = 0.1  # between two looks at what waits
IDLE_S = 900.0  # without a request and a reader, the process ends and gives its memory back
RENEW_S = 5  # the lease is renewed this often, whatever is being computed
_KEPT = 2  # checkpoints in memory: the served one, and the one before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The record that is explained, and the model whose word it is."""

    record: RecordRow
    source: Source
    model: ModelVersion

    def read(self) -> Ecg:
        """The samples that the model has scored; raises RecordError."""
        root = Path(self.source.root)
        return read_wfdb(root / self.record.filename_lr, ecg_id=self.record.ecg_id, within=root)


class Explainers:
    """Checkpoints that are loaded, each with the background of its data set."""

    def __init__(self, before_pass: Callable[[], None] | None = None) -> None:
        self._before_pass = before_pass
        self._loaded: OrderedDict[tuple[int, int, str], Explainer] = OrderedDict()

    def of(self, model: ModelVersion, source: Source) -> "Explainer":
        """The explainer of a model.

        Raises CheckpointNotFound, CheckpointAltered or CheckpointOutdated.
        """
        key = (model.id, source.id, source.digest)  # an index that was corrected keeps its row
        if key not in self._loaded:
            self._loaded[key] = self._load(model, source)
        self._loaded.move_to_end(key)
        while len(self._loaded) > _KEPT:
            self._loaded.popitem(last=False)
        return self._loaded[key]

    def _load(self, model: ModelVersion, source: Source) -> "Explainer":
        if self._before_pass is not None:
            self._before_pass()  # to import and to compile takes seconds of every core
        from core.explain.explainer import Explainer

        explainer = Explainer.load(Path(model.path), background(source), self._before_pass)
        if explainer.version != model.version:
            raise CheckpointAltered(
                f"{model.path} holds {explainer.version}, not {model.version}: "
                "restart TrustECG, so that the new one is registered"
            )
        return explainer


def background(source: Source) -> Signal | None:
    """What SHAP compares with: training records of the data set, None where it has none."""
    from core.explain.background import draw_background

    try:
        return draw_background(Ptbxl.open(Path(source.root)), BACKGROUND_SEED)
    except DataError as error:
        log.warning("no background for SHAP: %s", error)
        return None


def explain_next(
    sessions: Sessions, explainers: Explainers, owner: str, *, reports: bool = False
) -> bool:
    """Compute what waits first, and store it or why it failed; False where nothing waits."""
    claimed = queue.claim(sessions, owner, reports=reports)
    if claimed is None:
        return False
    try:
        with _lease_kept(sessions, claimed, owner):
            _compute(sessions, explainers, claimed, owner)
    except (JobError, StorageError) as error:  # another process has it, or will
        log.warning("%s", error)
    except Exception as error:
        known = isinstance(error, CoreError)
        if not known:
            log.exception("explanation %d", claimed.id)
        said = str(error) if known else f"{type(error).__name__}: {error}"
        queue.fail(sessions, claimed.id, owner, said)
    return True


def _compute(sessions: Sessions, explainers: Explainers, claimed: Claimed, owner: str) -> None:
    subject = _subject(sessions, claimed)
    explainer, ecg = explainers.of(subject.model, subject.source), subject.read()
    if claimed.explanation is None:
        found = explainer.attribute(ecg, claimed.superclass, claimed.method)
        queue.store(sessions, claimed.id, owner, found, in_words(explainer, ecg, found))
    else:
        queue.finish(sessions, claimed.id, owner, measured(explainer, ecg, claimed.explanation))


def in_words(explainer: "Explainer", ecg: Ecg, found: Explanation) -> str:
    """What an explanation says, in a sentence."""
    from core.explain.words import sentence

    segments = explainer.case(ecg, found.superclass).segments
    logits = np.full((1, len(SUPERCLASSES)), found.logit)
    column = SUPERCLASSES.index(found.superclass)
    return sentence(found, segments, float(explainer.card.platt(logits)[0, column])) + "."


def measured(explainer: "Explainer", ecg: Ecg, explanation: Explanation) -> Json:
    """The report card of an explanation."""
    from core.explain.faithfulness import report

    return report(explainer, ecg, explanation).to_json()


def _subject(sessions: Sessions, claimed: Claimed) -> Subject:
    with sessions.read() as session:
        record = session.get_one(RecordRow, claimed.record_id)
        return Subject(
            record=record,
            source=session.get_one(Source, record.source_id),
            model=session.get_one(ModelVersion, claimed.model_id),
        )


@contextmanager
def _lease_kept(sessions: Sessions, claimed: Claimed, owner: str) -> Iterator[None]:
    """Renew the lease while something is computed."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_S):
            with suppress(JobError, StorageError):  # storing the result meets them again
                queue.keep(sessions, claimed.id, owner)

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def serve(sessions: Sessions, owner: str, *, reports: bool = False, idle_s: float = IDLE_S) -> None:
    """Compute whatever is asked for, until nobody has read anything for ``idle_s`` seconds."""
    explainers = Explainers(lambda: give_way(sessions)) if reports else Explainers()
    last, warm = time.monotonic(), False
    while True:
        try:
            if explain_next(sessions, explainers, owner, reports=reports):
                last = time.monotonic()
            elif not warm:
                warm_up(sessions, explainers)
                warm = True
            elif time.monotonic() - last < idle_s:
                time.sleep(POLL_S)
            elif not anybody_since(sessions, now() - timedelta(seconds=idle_s)):
                return
            else:
                last = time.monotonic()
        except StorageError as error:
            log.warning("asking again: %s", error)
            time.sleep(POLL_S)


def give_way(sessions: Sessions) -> None:
    """Wait while a reader waits for colours: two at once on the same cores take twice as long.

    However long it is: where no other process computes them, nobody looks at a report either.
    """
    while queue.anybody_waits(sessions):
        time.sleep(POLL_S)


def warm_up(sessions: Sessions, explainers: Explainers) -> None:
    """Make the served model ready for every method, before one of them is asked for."""
    try:
        with sessions.read() as session:
            model, source = active_model(session), active_source(session)
        explainers.of(model, source).warm_up()
    except (CatalogueError, CoreError) as error:  # whoever asks for an explanation is told
        log.warning("not warmed up: %s", error)


def _end_with(parent: int, sessions: Sessions, owner: str) -> None:
    """End this process when the one that started it is gone, even by SIGKILL."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        with suppress(StorageError):
            queue.release(sessions, owner, died=False)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(arguments: list[str] | None = None) -> int:
    """Serve until idle or orphaned."""
    parser = argparse.ArgumentParser(prog="python -m feedback.explaining")
    parser.add_argument("--owner", required=True, help="a name that no other process has")
    parser.add_argument("--parent", type=int, help="end when this process is gone")
    parser.add_argument("--reports", action="store_true", help="measure, explain nothing")
    given = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level="INFO")
    sessions = make_sessions(make_engine(os.environ[DATABASE_VARIABLE]))
    if given.parent is not None:
        _end_with(given.parent, sessions, given.owner)
    serve(sessions, given.owner, reports=given.reports)
    return 0


if __name__ == "__main__":
    sys.exit(main())
