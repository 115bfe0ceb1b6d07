"""What is seen to before anything is served."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from core.checkpoint import read_card, save_card
from core.errors import (
    CheckpointAltered,
    CheckpointNotFound,
    CheckpointOutdated,
    DatasetNotFound,
)
from core.ptbxl import Ptbxl
from dashboard import preparation
from dashboard.preparation import check, find_dataset, prepare
from dashboard.settings import Settings, load_settings
from feedback import db
from feedback.errors import NoDataset, SchemaOutdated
from feedback.tables import Job, Source
from tests.factories_dataset import dataset


@pytest.fixture
def settings(tmp_path: Path, checkpoint: Path) -> Settings:
    """An installation with six records at instance/ptbxl."""
    dataset(tmp_path / "instance" / "ptbxl")
    return load_settings(instance=tmp_path / "instance", checkpoint=checkpoint)


def jobs(settings: Settings) -> list[Job]:
    with db.make_sessions(db.make_engine(settings.database_url)).read() as session:
        return list(session.scalars(select(Job)))


def test_a_new_installation_has_records_jobs_and_an_admin(settings: Settings) -> None:
    prepared = prepare(settings)
    assert (prepared.coverage.records, prepared.coverage.open) == (6, 6)
    assert prepared.first_admin is not None
    assert prepared.first_admin.user.email == "admin@trustecg.local"
    assert [job.kind for job in jobs(settings)] == ["score"]


def test_preparing_again_changes_nothing(settings: Settings) -> None:
    prepare(settings)
    again = prepare(settings)
    assert (again.coverage.records, again.first_admin) == (6, None)
    assert len(jobs(settings)) == 1


def test_without_a_checkpoint_nothing_is_begun(settings: Settings, tmp_path: Path) -> None:
    none = load_settings(instance=settings.instance, checkpoint=tmp_path / "none")
    with pytest.raises(CheckpointNotFound):
        prepare(none)
    assert not (settings.instance / "trustecg.db").exists()


def test_altered_weights_are_not_served(settings: Settings, tmp_path: Path) -> None:
    altered = tmp_path / "altered"
    shutil.copytree(settings.checkpoint, altered)
    with (altered / "weights.safetensors").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(CheckpointAltered):
        prepare(load_settings(instance=settings.instance, checkpoint=altered))


def test_nor_is_a_network_that_this_version_does_not_know(
    settings: Settings, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(settings.checkpoint, other)
    card = read_card(other)
    save_card(other, card.model_copy(update={"network": card.network | {"gated": True}}))
    with pytest.raises(CheckpointOutdated, match="it sets 'gated', which is unknown here"):
        prepare(load_settings(instance=settings.instance, checkpoint=other))


def test_named_records_come_before_downloaded_ones(settings: Settings, tmp_path: Path) -> None:
    named = dataset(tmp_path / "named").root
    given = load_settings(instance=settings.instance, ptbxl=named)
    assert find_dataset(given).root == named
    assert find_dataset(settings).root == settings.instance / "ptbxl"


def test_named_records_that_are_not_there_are_not_replaced_by_others(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(DatasetNotFound):
        find_dataset(load_settings(instance=settings.instance, ptbxl=tmp_path / "none"))


def test_without_records_simulated_ones_are_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "SIMULATED_RECORDS", 3)
    settings = load_settings(instance=tmp_path)
    first = find_dataset(settings)
    assert first.simulated and len(first.records) == 3
    written = (first.root / "ptbxl_database.csv").stat().st_mtime_ns
    assert find_dataset(settings) == Ptbxl(tmp_path / "simulated")
    assert (first.root / "ptbxl_database.csv").stat().st_mtime_ns == written


def test_a_changed_data_set_is_imported_again_and_scored(settings: Settings) -> None:
    prepare(settings)
    dataset(settings.instance / "ptbxl", records=8)
    assert prepare(settings).coverage.records == 8
    assert len(jobs(settings)) == 2


def test_another_data_set_becomes_the_one_that_is_read(settings: Settings, tmp_path: Path) -> None:
    prepare(settings)
    other = dataset(tmp_path / "other", records=4).root
    given = load_settings(instance=settings.instance, checkpoint=settings.checkpoint, ptbxl=other)
    assert prepare(given).coverage.records == 4
    with db.make_sessions(db.make_engine(settings.database_url)).read() as session:
        active = session.scalars(select(Source.root).where(Source.active)).all()
    assert active == [str(other)]


def test_the_web_app_alone_says_what_it_lacks(settings: Settings) -> None:
    with pytest.raises(SchemaOutdated):
        check(settings)
    db.upgrade(settings.database_url)
    with pytest.raises(NoDataset) as caught:
        check(settings)
    assert str(caught.value) == "no records are there yet: run 'trustecg data import DIR'"
