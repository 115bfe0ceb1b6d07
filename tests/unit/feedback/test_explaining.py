"""What the explainer makes of a request."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.ecg import Ecg, Superclass
from core.errors import CheckpointAltered, RecordError
from core.explain.explanation import Explanation, Method
from feedback import catalogue, explaining, explanations
from feedback.db import Sessions
from feedback.errors import StorageUnavailable
from feedback.explaining import Explainers, Subject, background, explain_next
from feedback.explanations import Explained
from feedback.tables import JobState, Source, User
from tests.factories_explanations import explanation


class Toy:
    """An explainer that knows GRAD_CAM, fails on SHAP and says of LIME what is wrong."""

    def attribute(self, ecg: Ecg, superclass: Superclass, method: Method) -> Explanation:
        assert ecg.signal.shape == (12, 1000)
        if method is Method.SHAP:
            raise RuntimeError("additivity check failed")
        if method is Method.LIME:
            raise RecordError("no beats were found: choose another method")
        return explanation(method, superclass)


TOYS: Any = SimpleNamespace(of=lambda model, source: Toy())


def ask(sessions: Sessions, reader: User, method: Method) -> None:
    with sessions.begin() as session:
        explanations.request(session, reader.id, 1, method, Superclass.MI)


def look(sessions: Sessions, reader: User, method: Method) -> Explained:
    with sessions.read() as session:
        found = explanations.find(session, reader.id, 1, method, Superclass.MI)
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def toy_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "measured", lambda *_: {"stability": 0.9})
    monkeypatch.setattr(explaining, "in_words", lambda *_: "V2 carries 100 %.")


def compute_all(sessions: Sessions) -> None:
    for reports in (False, True):
        while explain_next(sessions, TOYS, "a", reports=reports):
            pass


def test_a_request_is_computed_and_then_reported_on(answered: Sessions, reader: User) -> None:
    ask(answered, reader, Method.GRAD_CAM)
    assert explain_next(answered, TOYS, "a")
    half = look(answered, reader, Method.GRAD_CAM)
    assert half.pending and half.explanation is not None
    assert not explain_next(answered, TOYS, "a")
    assert explain_next(answered, TOYS, "b", reports=True)
    whole = look(answered, reader, Method.GRAD_CAM)
    assert (whole.state, whole.report) == (JobState.DONE, {"stability": 0.9})


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (Method.SHAP, "RuntimeError: additivity check failed"),
        (Method.LIME, "no beats were found: choose another method"),
    ],
)
def test_a_method_that_fails_says_so_and_the_others_go_on(
    answered: Sessions, reader: User, method: Method, said: str
) -> None:
    ask(answered, reader, Method.GRAD_CAM)
    ask(answered, reader, method)
    compute_all(answered)
    failed = look(answered, reader, method)
    assert (failed.state, failed.error, failed.explanation) == (JobState.FAILED, said, None)
    assert look(answered, reader, Method.GRAD_CAM).state is JobState.DONE


def test_a_file_that_is_gone_is_the_requests_failure(answered: Sessions, reader: User) -> None:
    with answered.begin() as session:
        catalogue.find_record(session, 1).filename_lr = "records100/gone"
    ask(answered, reader, Method.GRAD_CAM)
    compute_all(answered)
    error = look(answered, reader, Method.GRAD_CAM).error
    assert error is not None and "gone" in error


def test_the_background_is_always_the_same_training_records(library: Sessions) -> None:
    with library.read() as session:
        source = catalogue.active_source(session)
    drawn, again = background(source), background(source)
    assert drawn is not None and again is not None
    assert drawn.shape == (8, 12, 1000)  # ECGs 1 to 10 are of folds 2 to 10 and 1
    assert np.array_equal(drawn, again)


def test_where_the_records_are_gone_there_is_no_background(
    library: Sessions, tmp_path: Path
) -> None:
    with library.read() as session:
        source = catalogue.active_source(session)
    source.root = str(tmp_path)
    assert background(source) is None


def test_a_checkpoint_is_loaded_once(library: Sessions, checkpoint: Path) -> None:
    subject = served(library, checkpoint)
    explainers = Explainers()
    given = subject.model, subject.source
    assert explainers.of(*given) is explainers.of(*given)


def test_an_index_that_was_corrected_has_another_background(
    library: Sessions, checkpoint: Path
) -> None:
    subject = served(library, checkpoint)
    explainers = Explainers()
    before = explainers.of(subject.model, subject.source)
    subject.source.digest = "of the corrected index"
    assert explainers.of(subject.model, subject.source) is not before


def test_the_served_model_is_made_ready(library: Sessions) -> None:
    made: list[tuple[str, bool]] = []
    ready: Any = SimpleNamespace(
        of=lambda model, source: SimpleNamespace(
            warm_up=lambda: made.append((model.version, source.active))
        )
    )
    explaining.warm_up(library, ready)
    with library.read() as session:
        assert made == [(catalogue.active_model(session).version, True)]


def test_where_the_database_was_busy_the_model_is_made_ready_later(
    library: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def busy_at_first(*_: object) -> None:
        tries.append("warm up")
        if len(tries) == 1:
            raise StorageUnavailable("busy")

    monkeypatch.setattr(explaining, "warm_up", busy_at_first)
    monkeypatch.setattr(explaining, "anybody_since", lambda *_: False)
    explaining.serve(library, "a", idle_s=0)
    assert len(tries) == 2


@pytest.mark.parametrize("reports", [False, True])
def test_it_stays_for_whoever_reads_and_ends_when_nobody_does(
    library: Sessions, monkeypatch: pytest.MonkeyPatch, reports: bool
) -> None:
    asked: list[bool] = []

    def anybody(*_: object) -> bool:
        asked.append(len(asked) < 2)
        return asked[-1]

    monkeypatch.setattr(explaining, "warm_up", lambda *_: None)
    monkeypatch.setattr(explaining, "anybody_since", anybody)
    explaining.serve(library, "a", reports=reports, idle_s=0)
    assert asked == [True, True, False]


def test_without_a_data_set_nothing_is_made_ready_and_nothing_fails(sessions: Sessions) -> None:
    explaining.warm_up(sessions, Explainers())


def test_a_checkpoint_that_was_replaced_is_refused(library: Sessions, checkpoint: Path) -> None:
    subject = served(library, checkpoint)
    subject.model.version = "2020.01-00000000"
    with pytest.raises(CheckpointAltered, match="not 2020.01-00000000: restart TrustECG"):
        Explainers().of(subject.model, subject.source)


def test_what_is_measured_and_said_is_of_the_explanation(
    library: Sessions, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    subject = served(library, checkpoint)
    explainer, ecg = Explainers().of(subject.model, subject.source), subject.read()
    found = explainer.attribute(ecg, Superclass.MI, Method.GRAD_CAM)
    assert re.match(r"MI 0\.\d\d: .+\.$", explaining.in_words(explainer, ecg, found))
    assert "deletion" in explaining.measured(explainer, ecg, found)


def test_what_measures_waits_for_what_a_reader_waits_for(
    answered: Sessions, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(answered, reader, Method.GRAD_CAM)
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            explain_next(answered, TOYS, "a")

    monkeypatch.setattr(explaining.time, "sleep", wait)
    explaining.give_way(answered)
    explaining.give_way(answered)  # its report waits now, which nobody gives way to
    assert len(waited) == 3


def test_only_what_measures_gives_way(
    library: Sessions, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_way: list[Sessions] = []
    monkeypatch.setattr(explaining, "give_way", given_way.append)
    monkeypatch.setattr(explaining, "anybody_since", lambda *_: False)
    subject = served(library, checkpoint)

    def explain(_: Sessions, explainers: Explainers, owner: str, *, reports: bool) -> bool:
        explainer = explainers.of(subject.model, subject.source)
        explainer.attribute(subject.read(), Superclass.MI, Method.GRAD_CAM)
        return False

    monkeypatch.setattr(explaining, "explain_next", explain)
    explaining.serve(library, "a", idle_s=0)
    assert not given_way
    explaining.serve(library, "a", reports=True, idle_s=0)
    assert given_way


def test_what_measures_gives_way_before_it_loads_anything(
    library: Sessions, checkpoint: Path
) -> None:
    class Waiting(Exception):
        """Somebody still waits for colours."""

    def wait() -> None:
        raise Waiting

    subject = served(library, checkpoint)
    subject.model.path = "nowhere"
    with pytest.raises(Waiting):
        Explainers(wait).of(subject.model, subject.source)


def served(sessions: Sessions, checkpoint: Path) -> Subject:
    """ECG 1 and the model that the tiny checkpoint holds."""
    from core.checkpoint import read_card

    with sessions.begin() as session:
        model = catalogue.register_model(session, read_card(checkpoint), checkpoint)
        record = catalogue.find_record(session, 1)
        return Subject(record=record, source=session.get_one(Source, record.source_id), model=model)
