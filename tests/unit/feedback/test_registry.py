"""Which model is served, who said so, and the way back."""

import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.checkpoint import Card, read_card, save_card
from core.errors import CheckpointAltered, CheckpointNotFound, CheckpointOutdated
from feedback import audit, catalogue, jobs, readings, registry, scoring
from feedback.db import Sessions
from feedback.errors import NotPromotable, UnknownModel
from feedback.tables import AuditEntry, Job, JobState, ModelState, ModelVersion, Reading, User
from tests.factories import above, predict
from tests.factories_readings import blind

WHY = "The ward needs it for the new recorder."
Act = Callable[[Session], object]


@pytest.fixture
def library(library: Sessions, checkpoint: Path) -> Sessions:
    """The ten records, and a champion whose files are there."""
    with library.begin() as session:
        catalogue.register_model(session, read_card(checkpoint), checkpoint)
    return library


def another(checkpoint: Path, folder: Path, version: str = "2026.12-new") -> Card:
    """The same weights as another version in ``folder``, as fine-tuning would leave it."""
    shutil.copytree(checkpoint, folder)
    return save_card(folder, read_card(folder).model_copy(update={"version": version}))


def with_opinion(sessions: Sessions) -> str:
    """The version that is served, once it has called ECG 1 an infarction."""
    with sessions.begin() as session:
        predict(session, 1, above("MI"))
    return served(sessions)


def challenger(
    sessions: Sessions,
    checkpoint: Path,
    folder: Path,
    *,
    passed: bool | None = True,
    version: str = "2026.12-new",
) -> str:
    """A registered challenger; judged against the champion of now unless ``passed`` is None."""
    card = another(checkpoint, folder, version)
    with sessions.begin() as session:
        champion = catalogue.active_model(session).version
        model = registry.add(session, card, folder, actor="eve")
        if passed is not None:
            checks = [{"name": "AUROC of MI", "passed": passed, "sentence": "It fell."}]
            sentence = f"{card.version} is stopped by AUROC of MI."
            model.gate = {
                "champion": champion, "passed": passed, "checks": checks, "sentence": sentence,
            }  # fmt: skip
    return card.version


def served(sessions: Sessions) -> str:
    with sessions.read() as session:
        return catalogue.active_model(session).version


def states(sessions: Sessions) -> dict[str, str]:
    with sessions.read() as session:
        return {m.version: str(m.state) for m in registry.versions(session)}


def actions(sessions: Sessions) -> list[tuple[str, str]]:
    with sessions.read() as session:
        rows = session.execute(select(AuditEntry.action, AuditEntry.subject))
        return [(r.action, r.subject) for r in rows if r.action.startswith("model.")]


def test_a_challenger_that_passed_is_promoted_and_what_it_lacks_is_queued(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    before = served(library)
    version = challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, version, actor="eve@example.org")
    assert served(library) == version
    assert states(library)[before] == ModelState.RETIRED
    with library.read() as session:
        (job,) = session.scalars(select(Job))
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        found = [e for e in session.scalars(select(AuditEntry)) if e.action == "model.promote"]
    assert job.payload["model"] == catalogue_id(library, version)
    assert entry is not None and entry.action == "job.enqueue"
    assert [(e.actor, e.subject, e.detail) for e in found] == [
        ("eve@example.org", version, {"replaced": before})
    ]


def catalogue_id(sessions: Sessions, version: str) -> int:
    with sessions.read() as session:
        return registry.find_model(session, version).id


@pytest.mark.parametrize(
    ("passed", "why"),
    [
        (False, "the gate has stopped it (2026.12-new is stopped by AUROC of MI)"),
        (None, "2026.12-new was not judged by the gate"),
    ],
)
def test_past_the_gate_only_with_a_written_justification(
    library: Sessions, checkpoint: Path, tmp_path: Path, passed: bool | None, why: str
) -> None:
    version = challenger(library, checkpoint, tmp_path / "new", passed=passed)
    for written in (None, "", "  because   ", " x" * 9):
        with library.begin() as session, pytest.raises(NotPromotable) as refused:
            registry.promote(session, version, actor="eve", justification=written)
        assert str(refused.value) == (
            f"{why}: only a written justification of 20 characters or more promotes it all the same"
        )
    assert served(library) != version
    with library.begin() as session:
        registry.promote(session, version, actor="eve", justification=f" {WHY}\n")
    with library.read() as session:
        entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "model.promote"))
        assert registry.find_model(session, version).justification == WHY
    assert entry is not None
    assert (entry.detail["justification"], entry.detail["despite"]) == (WHY, why)


def test_a_report_against_a_champion_of_the_past_does_not_count(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    version = challenger(library, checkpoint, tmp_path / "new")
    other = another(checkpoint, tmp_path / "other", "2026.12-other")
    with library.begin() as session:
        catalogue.register_model(session, other, tmp_path / "other")
    with library.begin() as session, pytest.raises(NotPromotable, match="was judged against"):
        registry.promote(session, version, actor="eve")


def test_going_back_restores_thresholds_and_predictions(
    library: Sessions, checkpoint: Path, tmp_path: Path, reader: User
) -> None:
    before = with_opinion(library)
    version = challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, version, actor="eve")
        predict(session, 1, above("CD"))
        registry.rollback(session, actor="eve")
    assert served(library) == before
    assert states(library)[version] == ModelState.RETIRED
    blind(library, reader.id, 1)
    with library.read() as session:
        opinion = readings.opinion_for(session, reader.id, 1)
    assert (opinion.model_version, opinion.predicted) == (before, ("MI",))
    assert actions(library)[-1] == ("model.rollback", before)
    with library.read() as session:
        audit.verify(session)


def test_what_was_offered_is_gone_back_to_once(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    first = served(library)
    second = challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, second, actor="eve")
    third = another(checkpoint, tmp_path / "third", "2026.12-third")
    with library.begin() as session:
        registry.add(session, third, tmp_path / "third")
        registry.promote(session, third.version, actor="eve", justification=WHY)
        assert registry.rollback(session, actor="eve", to=second).version == second
    with library.begin() as session, pytest.raises(NotPromotable) as refused:
        registry.rollback(session, actor="eve", to=second)
    assert str(refused.value) == (
        f"{second} is served by now, and the way back from it is {first}, not {second}: "
        "reload to see it"
    )
    assert served(library) == second


def test_going_back_twice_goes_two_versions_back(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    first = served(library)
    second = challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        session.execute(update(ModelVersion).values(replaced_id=None))
        registry.promote(session, second, actor="eve")
    third = another(checkpoint, tmp_path / "third", "2026.12-third")
    with library.begin() as session:
        registry.add(session, third, tmp_path / "third")
        registry.promote(session, third.version, actor="eve", justification=WHY)
        assert registry.rollback(session, actor="eve").version == second
        assert registry.rollback(session, actor="eve").version == first
    with library.begin() as session, pytest.raises(NotPromotable) as refused:
        registry.rollback(session, actor="eve")
    assert str(refused.value) == f"{first} replaced no other version: there is no way back"


def test_a_page_keeps_the_version_that_it_showed(
    library: Sessions, checkpoint: Path, tmp_path: Path, reader: User, colleague: User
) -> None:
    before = with_opinion(library)
    blind(library, reader.id, 1)
    version = challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, version, actor="eve")
        predict(session, 1, above("CD"))
    blind(library, colleague.id, 1)
    with library.read() as session:
        mine = readings.opinion_for(session, reader.id, 1)
        theirs = readings.opinion_for(session, colleague.id, 1)
        pinned = session.scalars(select(Reading.model_id).order_by(Reading.id)).all()
    assert (mine.model_version, theirs.model_version) == (before, version)
    assert len(set(pinned)) == 2


def at_once(sessions: Sessions, first: Act, second: Act) -> str:
    """What the second act is told that begins before the first one is committed."""
    told = list[str]()

    def follow() -> None:
        try:
            with sessions.begin() as session:
                second(session)
        except NotPromotable as error:
            told.append(str(error))

    follower = threading.Thread(target=follow, daemon=True)
    with sessions.begin() as session:
        first(session)
        follower.start()
        follower.join(timeout=0.3)  # it has come to what the first one holds
        assert follower.is_alive()
    follower.join(timeout=30)
    (said,) = told
    return said


def test_of_two_promotions_at_once_the_second_sees_what_is_served_since(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    # SQLite has one writer anyway: only PostgreSQL fails here without ``one_change_at_a_time``
    before = served(library)
    version = challenger(library, checkpoint, tmp_path / "new")
    other = challenger(library, checkpoint, tmp_path / "other", version="2026.12-other")
    promote = partial(registry.promote, actor="eve")
    said = at_once(library, partial(promote, version=version), partial(promote, version=other))
    assert said.startswith(f"{other} was judged against {before}, and {version} is served now: ")
    assert served(library) == version


def test_who_promotes_what_a_colleague_is_promoting_is_told_so(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    version = challenger(library, checkpoint, tmp_path / "new")
    promote = partial(registry.promote, version=version, actor="eve")
    assert at_once(library, promote, promote) == f"{version} is the champion already"


def test_two_who_go_back_at_once_go_back_once(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    before, version = served(library), challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, version, actor="eve")
    back = partial(registry.rollback, actor="eve", to=before)
    assert at_once(library, back, back).startswith(f"{before} is served by now, ")
    assert served(library) == before


def test_until_a_champion_has_come_to_a_record_the_old_opinion_is_shown(
    library: Sessions, checkpoint: Path, tmp_path: Path, reader: User
) -> None:
    before = with_opinion(library)
    version = challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, version, actor="eve")
    blind(library, reader.id, 1)
    with library.read() as session:
        assert readings.opinion_for(session, reader.id, 1).model_version == before
    with library.begin() as session:
        predict(session, 1, above("CD"))  # it has come meanwhile
    with library.read() as session:
        assert readings.opinion_for(session, reader.id, 1).model_version == before
        assert session.scalar(select(Reading.model_id)) == registry.find_model(session, before).id


def test_what_a_version_that_is_served_no_longer_has_not_scored_is_dropped(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    before, version = served(library), challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, version, actor="eve")
        registry.rollback(session, actor="eve")
    with library.read() as session:
        found = [(job.payload["model"], str(job.state)) for job in session.scalars(select(Job))]
    assert found == [
        (catalogue_id(library, version), "cancelled"),
        (catalogue_id(library, before), "queued"),
    ]


def test_scoring_that_ends_at_that_very_moment_stops_no_way_back(
    library: Sessions, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, version = served(library), challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, version, actor="eve")

    look = scoring._open_jobs

    def ended(session: Session, model_id: int) -> Iterator[Job]:
        found = list(look(session, model_id))
        session.execute(update(Job).values(state=JobState.DONE))
        return iter(found)

    with monkeypatch.context() as patched, library.begin() as session:
        patched.setattr(scoring, "_open_jobs", ended)
        registry.rollback(session, actor="eve")
    assert served(library) == before
    with library.read() as session:
        cancelled = select(AuditEntry).where(AuditEntry.action == "job.cancel")
        assert session.scalars(cancelled).all() == []


def test_who_cancels_a_job_and_a_promotion_that_drops_it_do_not_wait_for_each_other(
    library: Sessions, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLite has one writer anyway: only PostgreSQL would end one of the two
    version = challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        numbers = [one.id for one in scoring.enqueue_scoring(session, actor="eve", shard=4)]
    record, outcomes = audit.record, list[str]()

    def promote() -> None:
        with library.begin() as session:
            outcomes.append(registry.promote(session, version, actor="eve").version)

    promotion = threading.Thread(target=promote, daemon=True)

    def beside(session: Session, actor: str, action: str, subject: str, **detail: object) -> object:
        if actor == "ann":  # her job's row is changed, and the chain not yet
            promotion.start()
            promotion.join(timeout=0.5)  # it has come to that row
        return record(session, actor, action, subject, **detail)

    monkeypatch.setattr(audit, "record", beside)
    with library.begin() as session:
        jobs.cancel(session, numbers[-1], actor="ann")
    promotion.join(timeout=30)
    assert outcomes == [version]
    with library.read() as session:
        query = select(AuditEntry).where(AuditEntry.action == "job.cancel").order_by(AuditEntry.id)
        found = [(one.actor, one.subject) for one in session.scalars(query)]
        audit.verify(session)
    first, second, third = (f"job {number}" for number in numbers)
    assert found == [("ann", third), ("eve", first), ("eve", second)]


def test_weights_that_are_not_the_registered_ones_are_not_served(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    before = served(library)
    version = challenger(library, checkpoint, tmp_path / "new")
    with (tmp_path / "new" / "weights.safetensors").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(CheckpointAltered), library.begin() as session:
        registry.promote(session, version, actor="eve")
    shutil.rmtree(tmp_path / "new")
    with pytest.raises(CheckpointNotFound), library.begin() as session:
        registry.promote(session, version, actor="eve")
    assert served(library) == before


@pytest.mark.parametrize("setting", [{"stem": 8}, {"gated": True}], ids=str)
def test_a_network_that_no_job_could_load_is_not_served(
    library: Sessions, checkpoint: Path, tmp_path: Path, setting: dict[str, object]
) -> None:
    """Neither promoted nor gone back to, as after an update of TrustECG."""
    first, version = served(library), challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, version, actor="eve")
    before = of_another_network(library, checkpoint, tmp_path / "first", first, setting)
    refused = partial(pytest.raises, CheckpointOutdated, match="written for another version")
    with refused(), library.begin() as session:
        registry.rollback(session, actor="eve")
    with refused(), library.begin() as session:
        registry.promote(session, before, actor="eve", justification=WHY)
    assert served(library) == version


def of_another_network(
    sessions: Sessions, checkpoint: Path, folder: Path, version: str, setting: dict[str, object]
) -> str:
    """The registered version, its card now with settings that its weights do not have."""
    card = another(checkpoint, folder, version)
    save_card(folder, card.model_copy(update={"network": card.network | setting}))
    with sessions.begin() as session:
        registry.find_model(session, version).path = str(folder)
    return version


def test_an_unknown_version_and_the_champion_itself(library: Sessions) -> None:
    with library.begin() as session:
        with pytest.raises(UnknownModel, match="no model 'x' is registered: choose one"):
            registry.promote(session, "x", actor="eve")
        champion = catalogue.active_model(session).version
        with pytest.raises(NotPromotable, match="is the champion already"):
            registry.promote(session, champion, actor="eve")


class TestWhatIsInstalled:
    def test_it_is_served_where_nobody_has_chosen(
        self, library: Sessions, checkpoint: Path, tmp_path: Path
    ) -> None:
        card = another(checkpoint, tmp_path / "update")
        with library.begin() as session:
            assert registry.install(session, card, tmp_path / "update").version == card.version
        assert served(library) == card.version

    def test_it_undoes_no_promotion(
        self, library: Sessions, checkpoint: Path, tmp_path: Path
    ) -> None:
        version = challenger(library, checkpoint, tmp_path / "new")
        with library.begin() as session:
            registry.promote(session, version, actor="eve")
        update = another(checkpoint, tmp_path / "update", "2027.01-update")
        for card, folder in ((read_card(checkpoint), checkpoint), (update, tmp_path / "update")):
            with library.begin() as session:
                assert registry.install(session, card, folder).version == version
        assert states(library)["2027.01-update"] == ModelState.CHALLENGER

    def test_it_undoes_no_way_back(
        self, library: Sessions, checkpoint: Path, tmp_path: Path
    ) -> None:
        card = another(checkpoint, tmp_path / "update")
        before = served(library)
        with library.begin() as session:
            registry.install(session, card, tmp_path / "update")
            registry.rollback(session, actor="eve")
        with library.begin() as session:
            registry.install(session, card, tmp_path / "update")
        assert served(library) == before


def test_the_table_holds_one_champion_and_says_so_twice(library: Sessions) -> None:
    for wrong in ({"state": ModelState.FAILED}, {"active": False}):
        with pytest.raises(IntegrityError), library.begin() as session:
            session.execute(update(ModelVersion).where(ModelVersion.active).values(wrong))
    with library.read() as session:
        count = select(func.count()).select_from(ModelVersion).where(ModelVersion.active)
        assert session.scalar(count) == 1


def verdict(champion: str, *, passed: bool) -> dict[str, object]:
    """What a gate says, as short as it gets."""
    sentence = "It passes." if passed else "It is stopped."
    return {"champion": champion, "passed": passed, "sentence": sentence, "checks": []}


@pytest.mark.parametrize("passed", [True, False])
def test_a_retired_version_that_is_judged_again_stays_retired(
    library: Sessions, checkpoint: Path, tmp_path: Path, passed: bool
) -> None:
    before = served(library)
    version = challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, version, actor="eve")
        retired = registry.find_model(session, before)
        registry.judged(session, retired, verdict(version, passed=passed), actor="eve")
    found = states(library)
    assert (found[version], found[before]) == (ModelState.CHAMPION, ModelState.RETIRED)


def test_the_reports_of_before_are_kept_beside_the_new_one(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    version = challenger(library, checkpoint, tmp_path / "new", passed=None)
    with library.begin() as session:
        model = registry.find_model(session, version)
        for champion, passed in (("one", False), ("two", True), ("three", False)):
            registry.judged(session, model, verdict(champion, passed=passed), actor="eve")
    with library.read() as session:
        gate = registry.find_model(session, version).gate
    assert gate is not None
    said = [(one["champion"], one["passed"]) for one in (gate, *gate["earlier"])]
    assert said == [("three", False), ("two", True), ("one", False)]
    assert [sorted(one) for one in gate["earlier"]] == [
        ["champion", "judged_at", "passed", "sentence"]
    ] * 2


def test_a_version_is_described_with_its_lineage(
    library: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    before = served(library)
    version = challenger(library, checkpoint, tmp_path / "new")
    with library.begin() as session:
        registry.promote(session, version, actor="eve")
    with library.read() as session:
        told = registry.describe(session, registry.find_model(session, version))
    assert (told["state"], told["replaced"], told["registered_by"]) == ("champion", before, "eve")
    assert told["gate"]["passed"] is True
    assert told["card"]["version"] == version
