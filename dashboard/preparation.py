"""What ``trustecg up`` sees to before it serves: checkpoint, tables, records, first admin, jobs."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.checkpoint import Card, network_config, read_card
from core.errors import DatasetNotFound
from core.ptbxl import Ptbxl
from dashboard.cli.output import progress
from dashboard.settings import Settings
from feedback import catalogue, db, importing, registry, scoring, users
from feedback.catalogue import Coverage
from feedback.db import Sessions
from feedback.tables import Role, Source

SYSTEM = "trustecg up"  # who the audit chain says has done it
FIRST_ADMIN = "admin@trustecg.local"
SIMULATED_RECORDS = 500
SEED = 1  # of the simulated records


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What there is to say about an installation that is ready to be served."""

    dataset: Ptbxl
    coverage: Coverage
    first_admin: users.NewUser | None  # made just now: its password is kept nowhere else


def prepare(settings: Settings) -> Prepared:
    """See to everything that serving needs; repeatable, and quick where nothing has changed."""
    card = usable_card(settings.checkpoint)  # before anything is written: no model, no service
    db.upgrade(settings.database_url)
    sessions = db.make_sessions(db.make_engine(settings.database_url))
    dataset = find_dataset(settings)
    _import(sessions, dataset)
    with sessions.begin() as session:
        registry.install(session, card, settings.checkpoint, actor=SYSTEM)
        scoring.enqueue_scoring(session, actor=SYSTEM)
        admin = _first_admin(session)
    with sessions.read() as session:
        coverage = catalogue.coverage(session)
    sessions.engine.dispose()
    return Prepared(dataset=dataset, coverage=coverage, first_admin=admin)


def check(settings: Settings) -> None:
    """Raise unless checkpoint, tables and records are there; enters the checkpoint."""
    card = usable_card(settings.checkpoint)
    db.check(settings.database_url)
    sessions = db.make_sessions(db.make_engine(settings.database_url))
    with sessions.begin() as session:
        catalogue.active_source(session)
        registry.install(session, card, settings.checkpoint)
    sessions.engine.dispose()


def usable_card(checkpoint: Path) -> Card:
    """The card of a checkpoint that every job can load: refused here, not in each of them.

    Raises as ``core.checkpoint.read_card`` and ``network_config`` do.
    """
    card = read_card(checkpoint)
    network_config(checkpoint, card)
    return card


def find_dataset(settings: Settings) -> Ptbxl:
    """TRUSTECG_PTBXL, else instance/ptbxl, else simulated records, made here the first time."""
    if settings.ptbxl is not None:
        return Ptbxl.open(settings.ptbxl)
    if (downloaded := settings.instance / "ptbxl").is_dir():
        return Ptbxl.open(downloaded)
    return simulated_dataset(settings.instance / "simulated")


def simulated_dataset(root: Path) -> Ptbxl:
    """The simulated records at ``root``; made, always the same ones, where they are not there."""
    try:
        return Ptbxl.open(root)
    except DatasetNotFound:  # or a run that was cut off: the index is written last
        from core.simulate.dataset import simulate_dataset

        with progress("Simulating records", SIMULATED_RECORDS) as advance:
            simulate_dataset(root, SIMULATED_RECORDS, SEED, lambda done, _: advance(done=done))
        return Ptbxl.open(root)


def _import(sessions: Sessions, dataset: Ptbxl) -> None:
    with sessions.read() as session:
        known = session.scalar(
            select(Source.id).where(Source.digest == importing.digest_of(dataset))
        )
    if known is not None:  # made the active one, which takes no time to show
        importing.import_dataset(sessions, dataset, actor=SYSTEM)
        return
    with progress("Importing records", None) as advance:
        importing.import_dataset(
            sessions,
            dataset,
            progress=lambda done, total: advance(done=done, total=total),
            actor=SYSTEM,
        )


def _first_admin(session: Session) -> users.NewUser | None:
    if users.has_admin(session):
        return None
    return users.add_user(session, FIRST_ADMIN, Role.ADMIN, actor=SYSTEM)
