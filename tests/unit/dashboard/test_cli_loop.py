"""``retrain`` and ``models`` as typed."""

import json
from pathlib import Path
from typing import Any

import pytest

from core import trial
from core.checkpoint import read_card
from dashboard.cli import main
from feedback import catalogue, db, finetune, registry
from tests.factories_challenger import another_version
from tests.factories_retraining import furnish, ward, written_while_planning


@pytest.fixture
def instance(tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a champion and a challenger that nobody has judged."""
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path))
    new = tmp_path / "checkpoints" / "new"
    card = another_version(checkpoint, new)
    url = f"sqlite:///{tmp_path / 'trustecg.db'}"
    db.upgrade(url)
    engine = db.make_engine(url)
    with db.make_sessions(engine).begin() as session:
        catalogue.register_model(session, read_card(checkpoint), checkpoint)
        registry.add(session, card, new)
    engine.dispose()
    return tmp_path


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["trustecg", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def asked(capsys: Any, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    assert run(*arguments, "--json", monkeypatch=monkeypatch) == 0
    return json.loads(capsys.readouterr().out)


def test_promotion_and_the_way_back(
    instance: Path, checkpoint: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read_card(checkpoint).version
    assert run("models", "promote", "2026.12-new", monkeypatch=monkeypatch) == 1
    assert "was not judged by the gate: only a written" in capsys.readouterr().err
    why = ("--justification", "Asked for by the ward, for a trial.")
    served = asked(capsys, "models", "promote", "2026.12-new", *why, monkeypatch=monkeypatch)
    assert served == {"served": "2026.12-new"}
    listed = asked(capsys, "models", "list", monkeypatch=monkeypatch)["models"]
    assert {m["version"]: m["state"] for m in listed} == {
        "2026.12-new": "champion",
        first: "retired",
    }
    assert asked(capsys, "models", "rollback", monkeypatch=monkeypatch) == {"served": first}


def test_a_version_is_shown_in_words(
    instance: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("models", "show", "2026.12-new", monkeypatch=monkeypatch) == 0
    assert "the gate has not judged it" in capsys.readouterr().out
    assert run("models", "show", "nothing", monkeypatch=monkeypatch) == 1
    assert "no model 'nothing' is registered" in capsys.readouterr().err


def test_the_champion_is_not_judged(
    instance: Path, checkpoint: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read_card(checkpoint).version
    assert run("models", "judge", first, monkeypatch=monkeypatch) == 1
    assert (
        f"{first} is the champion: there is nothing to hold it against" in capsys.readouterr().err
    )


def test_a_version_is_judged_again(
    tmp_path: Path, checkpoint: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path))
    monkeypatch.setattr(trial, "PROBES", 6)
    new = tmp_path / "checkpoints" / "new"
    card = another_version(checkpoint, new)
    url = f"sqlite:///{tmp_path / 'trustecg.db'}"
    db.upgrade(url)
    engine = db.make_engine(url)
    sessions = db.make_sessions(engine)
    furnish(sessions, ward(tmp_path / "data"), checkpoint)
    with sessions.begin() as session:
        registry.add(session, card, new)
    engine.dispose()
    report = asked(capsys, "models", "judge", "2026.12-new", monkeypatch=monkeypatch)
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["early stopping on 9a"]["passed"] is False  # the same weights: no better
    assert checks["macro AUROC on 9b"]["figures"]["difference"] == 0
    assert run("models", "show", "2026.12-new", monkeypatch=monkeypatch) == 0
    assert report["sentence"] in capsys.readouterr().out
    asked(capsys, "models", "judge", "2026.12-new", monkeypatch=monkeypatch)
    assert run("models", "show", "2026.12-new", monkeypatch=monkeypatch) == 0
    before = f"before, against {report['champion']}: {report['sentence']}"
    assert before in capsys.readouterr().out


def test_a_dry_run_says_what_would_be_taught_and_queues_nothing(
    tmp_path: Path, checkpoint: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'trustecg.db'}"
    db.upgrade(url)
    engine = db.make_engine(url)
    sessions = db.make_sessions(engine)
    furnish(sessions, ward(tmp_path / "data"), checkpoint)
    assert run("retrain", "--dry-run", monkeypatch=monkeypatch) == 0
    out = capsys.readouterr().out
    assert "40 records that are settled and 320 of folds 1-8 again; 40 are held out" in out
    assert "answers: reader@example.org 80" in out
    with sessions.read() as session:
        assert finetune.latest_job(session) is None
    with monkeypatch.context() as patched:
        kept_waiting = written_while_planning(sessions, patched)
        queued = asked(capsys, "retrain", monkeypatch=monkeypatch)
    assert kept_waiting == [False]  # no reader's answer waits while it plans
    with sessions.read() as session:
        job = finetune.latest_job(session)
    assert job is not None and job.id == queued["job"]
    assert run("retrain", monkeypatch=monkeypatch) == 1
    assert "a fine-tuning run waits or goes on already" in capsys.readouterr().err
    engine.dispose()
