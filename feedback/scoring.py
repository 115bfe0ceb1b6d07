"""The model's opinion on every record of the active data set, as jobs of a thousand each."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, select
from sqlalchemy.orm import Session

from core.ecg import Ecg
from core.errors import CheckpointAltered, RecordError
from core.wfdb_reader import read_wfdb
from feedback import jobs, similar
from feedback.catalogue import active_model, active_source
from feedback.db import Sessions, now
from feedback.tables import Job, Json, ModelVersion, Prediction, RecordRow, Source

if TYPE_CHECKING:
    from core.predict import Opinion, Predictor

KIND = "score"
SHARD = 1000  # records a job: about half a minute of work, so that shards spread over workers
BATCH = 64  # records between two heartbeats

Pending = Row[int, int, str]  # id, ecg_id, filename_lr of a record
T = TypeVar("T")


def enqueue_scoring(
    session: Session, *, actor: str, model: ModelVersion | None = None, shard: int = SHARD
) -> list[Job]:
    """Queue what a model has not scored, or not read, and what no open job covers.

    It is the active model where none is named.
    """
    source, model = active_source(session), model or active_model(session)
    covered = [_within(job.payload) for job in _open_jobs(session, model.id)]
    missing = session.scalars(
        select(RecordRow.id)
        .where(RecordRow.source_id == source.id, ~_scored(model.id), *(~part for part in covered))
        .order_by(RecordRow.id)
    ).all()
    return [
        jobs.enqueue(session, KIND, _payload(source.id, model.id, ids), actor=actor)
        for ids in _batches(missing, shard)
    ]


def drop(session: Session, model: ModelVersion, *, actor: str) -> None:
    """Cancel the scoring of a model that is served no longer: others wait behind it for nothing."""
    jobs.cancel_all(session, list(_open_jobs(session, model.id)), actor=actor)


def is_open(sessions: Sessions, model_id: int) -> bool:
    """Whether a scoring job of this model waits or runs."""
    with sessions.read() as session:
        return next(_open_jobs(session, model_id), None) is not None


def score_shard(context: jobs.JobContext) -> str:
    """Score the records of one job, passing over those that are scored; resumes where it ended."""
    from core.predict import Predictor

    model, root, total, pending = _planned(context)
    predictor = Predictor.load(Path(model.path))
    if predictor.card.version != model.version:
        raise CheckpointAltered(
            f"{model.path} holds {predictor.card.version}, not {model.version}: "
            "restart TrustECG, so that the new one is registered"
        )
    done = total - len(pending)
    for batch in _batches(pending, BATCH):
        context.heartbeat(done / total, f"{done} of {total} records")
        _store(context.sessions, model.id, _opinions(predictor, root, batch))
        done += len(batch)
    return f"{total} records"


def _planned(context: jobs.JobContext) -> tuple[ModelVersion, Path, int, Sequence[Pending]]:
    """The model, the folder of the records, how many this job has, and those left to score."""
    payload = context.payload
    with context.sessions.read() as session:
        model = session.get_one(ModelVersion, payload["model"])
        root = Path(session.get_one(Source, payload["source"]).root)
        total = session.scalar(select(func.count(RecordRow.id)).where(_within(payload))) or 0
        pending = session.execute(
            select(RecordRow.id, RecordRow.ecg_id, RecordRow.filename_lr)
            .where(_within(payload), ~_scored(model.id))
            .order_by(RecordRow.id)
        ).all()
    return model, root, total, pending


def _opinions(
    predictor: "Predictor", root: Path, rows: Sequence[Pending]
) -> dict[int, "Opinion | RecordError"]:
    """An opinion for each record, or why its file cannot be read."""
    read = {row.id: _read(root, row) for row in rows}
    ecgs = {key: ecg for key, ecg in read.items() if isinstance(ecg, Ecg)}
    opinions = dict(zip(ecgs, predictor.predict(list(ecgs.values())), strict=True))
    errors = {key: error for key, error in read.items() if isinstance(error, RecordError)}
    return opinions | errors


def _read(root: Path, row: Pending) -> Ecg | RecordError:
    try:
        return read_wfdb(root / row.filename_lr, ecg_id=row.ecg_id, within=root)
    except RecordError as error:
        return error


def _store(sessions: Sessions, model_id: int, opinions: dict[int, "Opinion | RecordError"]) -> None:
    """Write what is not there yet; an earlier failure to read the file gives way."""
    with sessions.begin() as session:
        mine = Prediction.record_id.in_(opinions), Prediction.model_id == model_id
        session.execute(delete(Prediction).where(*mine, Prediction.error.is_not(None)))
        present = set(session.scalars(select(Prediction.record_id).where(*mine)))
        session.add_all(
            _row(record_id, model_id, opinion)
            for record_id, opinion in opinions.items()
            if record_id not in present
        )


def _row(record_id: int, model_id: int, opinion: "Opinion | RecordError") -> Prediction:
    row = Prediction(record_id=record_id, model_id=model_id, predicted_at=now())
    if isinstance(opinion, RecordError):
        row.acceptable, row.error = False, str(opinion)
        row.reasons, row.warnings, row.abstained = [], [], []
        return row
    row.acceptable = opinion.quality.acceptable
    row.quality_score = opinion.quality.score
    row.reasons, row.warnings = list(opinion.quality.reasons), list(opinion.quality.warnings)
    row.abstained = [str(name) for name in opinion.abstained]
    row.uncertainty = opinion.uncertainty
    if opinion.probabilities is not None:
        row.labels = " ".join(opinion.labels)
        row.p_norm, row.p_mi, row.p_sttc, row.p_cd, row.p_hyp = map(float, opinion.probabilities)
    if opinion.features is not None:
        row.features = similar.pack(opinion.features)
    return row


def _scored(model_id: int) -> ColumnElement[bool]:
    """Whether the model has looked at the record; a file that it could not read is tried again."""
    return exists().where(
        Prediction.record_id == RecordRow.id,
        Prediction.model_id == model_id,
        Prediction.error.is_(None),
    )


def _open_jobs(session: Session, model_id: int) -> Iterator[Job]:
    found = session.scalars(select(Job).where(Job.kind == KIND, Job.state.in_(jobs.OPEN)))
    return (job for job in found if job.payload["model"] == model_id)


def _payload(source_id: int, model_id: int, ids: Sequence[int]) -> Json:
    return {"source": source_id, "model": model_id, "first": ids[0], "last": ids[-1]}


def _within(payload: Json) -> ColumnElement[bool]:
    """The records of a shard: of its source, from its first row to its last."""
    rows = RecordRow.id.between(payload["first"], payload["last"])
    return and_(RecordRow.source_id == payload["source"], rows)


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
