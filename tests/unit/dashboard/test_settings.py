"""Settings: what an installation sets by its environment, and what it is told of a mistake."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboard.errors import SettingsError
from dashboard.settings import REPOSITORY, load_settings, secret_key


def test_the_defaults_are_those_of_a_clone_on_one_machine(tmp_path: Path) -> None:
    settings = load_settings(instance=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/trustecg.db"
    assert settings.checkpoint == REPOSITORY / "checkpoints" / "default"
    assert (settings.host, settings.port, settings.ptbxl) == ("127.0.0.1", 8050, None)


def test_a_job_leaves_a_core_to_the_page_and_what_a_reader_waits_for_takes_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    settings = load_settings(instance=tmp_path)
    assert (settings.threads, settings.explainer_threads) == (3, 4)
    monkeypatch.setenv("TRUSTECG_EXPLAINER_THREADS", "2")
    assert load_settings(instance=tmp_path).explainer_threads == 2


def test_the_environment_sets_what_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "mine"))
    monkeypatch.setenv("TRUSTECG_PORT", "9001")
    monkeypatch.setenv("TRUSTECG_PTBXL", "")  # as make passes what is not set
    settings = load_settings()
    assert (settings.port, settings.ptbxl) == (9001, None)
    assert settings.instance == tmp_path / "mine" and settings.instance.is_dir()


def test_a_relative_path_is_that_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(instance=Path("here"))
    monkeypatch.chdir("/")
    assert settings.instance == tmp_path / "here"


def test_a_child_process_gets_the_same_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(
        instance=tmp_path,
        port=9002,
        ptbxl=tmp_path,
        secure_cookies=True,
        trusted_proxy="192.0.2.1",
    )
    for name, value in settings.for_children.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_an_impossible_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTECG_PORT", "eighty")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == (
        "TRUSTECG_PORT is 'eighty': "
        "input should be a valid integer, unable to parse string as an integer"
    )


@pytest.mark.parametrize("port", ["-1", "65536", "99999"])
def test_a_port_that_cannot_be_is_refused(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTECG_PORT", port)
    with pytest.raises(SettingsError, match=f"^TRUSTECG_PORT is '{port}': input should be "):
        load_settings()


def test_the_secret_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = load_settings(instance=tmp_path)
    with ThreadPoolExecutor(8) as pool:  # as the processes of one web server start
        keys = set(pool.map(lambda _: secret_key(settings), range(8)))
    assert len(keys) == 1 and len(keys.pop()) == 64
    assert stat.S_IMODE(os.stat(tmp_path / "secret_key").st_mode) == 0o600
    assert os.listdir(tmp_path) == ["secret_key"]


def test_a_damaged_secret_key_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(SettingsError) as caught:
        secret_key(load_settings(instance=tmp_path))
    path = tmp_path / "secret_key"
    assert str(caught.value) == f"{path} holds 5 characters: delete it, a new one is made"
