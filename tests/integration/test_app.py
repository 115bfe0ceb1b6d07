"""The application as a whole: made more than once, simulated, without data."""

import os
import re
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version

from core.ptbxl import SIMULATED_MARK, Ptbxl
from dashboard import figures
from dashboard.app import PLOTLY, create_app
from dashboard.settings import Settings
from feedback import db
from feedback.tables import Role
from tests.factories import add_person, installation
from tests.factories_dataset import dataset
from tests.integration.reading import answer_blind, words
from tests.integration.visitor import Visitor

FIGURES = Path(figures.__file__).parent
SAID = "SIMULATED records: these ECGs come from a simulator, not from patients."


@pytest.fixture
def simulated(tmp_path: Path, migrated: Path) -> Visitor:
    """An administrator of an application over simulated records."""
    records = dataset(tmp_path / "data")
    (records.root / SIMULATED_MARK).write_text("{}")
    place = installation(tmp_path / "instance", Ptbxl.open(records.root), migrated)
    user = add_person(place.sessions, "admin@example.org", Role.ADMIN)
    return Visitor(create_app(place.settings)).arrive_as(user)


def test_simulated_records_are_marked_on_every_page_figure_and_export(simulated: Visitor) -> None:
    assert SAID in simulated.get("/_dash-layout").text  # the frame of every page
    assert SAID in simulated.get("/password").text
    assert SAID in simulated.client.application.test_client().get("/login").text
    assert '"text":"SIMULATED","visible":true' in simulated.page("/read/1")
    answer_blind(simulated, 1)
    header, row = simulated.get("/export/labels.csv").text.splitlines()
    assert row.split(",")[header.split(",").index("simulated")] == "true"


def test_two_applications_in_one_process_both_answer(tmp_path: Path, migrated: Path) -> None:
    visitors = []
    for name, records in (("one", 3), ("two", 5)):
        place = installation(tmp_path / name, dataset(tmp_path / f"{name}-data", records), migrated)
        user = add_person(place.sessions, "a@example.org", Role.CLINICIAN)
        visitors.append(Visitor(create_app(place.settings)).arrive_as(user))
    for visitor, records in zip(visitors, (3, 5), strict=True):
        answer = visitor.call("rows", {"worklist": {"startRow": 0, "endRow": 10}})
        assert answer.json["response"]["worklist"]["getRowsResponse"]["rowCount"] == records
        assert "ECG 2" in words(visitor.page("/read/2"))


def test_without_data_and_model_the_pages_say_so(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    db.upgrade(settings.database_url)
    sessions = db.make_sessions(db.make_engine(settings.database_url))
    user = add_person(sessions, "admin@example.org", Role.ADMIN)
    visitor = Visitor(create_app(settings)).arrive_as(user)
    said = "No records are there yet: run 'trustecg data import DIR'."
    for path in ("/", "/read/1", "/jobs"):
        assert said in words(visitor.page(path)), path


def test_ecgs_can_be_read_without_a_model(tmp_path: Path, migrated: Path) -> None:
    place = installation(tmp_path / "instance", dataset(tmp_path / "data"), migrated)
    user = add_person(place.sessions, "a@example.org", Role.CLINICIAN)
    visitor = Visitor(create_app(place.settings)).arrive_as(user)
    assert "no model is served" in words(visitor.page("/"))
    answer_blind(visitor, 1)
    assert "The model has not seen this record yet." in words(visitor.page("/read/1"))


def test_no_page_asks_another_machine_for_anything(simulated: Visitor) -> None:
    for path in ("/", "/password", "/assets/trustecg.css"):
        text = simulated.get(path).text
        assert "http://" not in text and "https://" not in text and "@import" not in text


def test_no_page_brings_libraries_that_none_uses(simulated: Visitor) -> None:
    linked = re.findall(r'src="/_dash-component-suites/([^"?]+)', simulated.get("/").text)
    assert sorted(re.sub(r"[.@][^/]*$", "", path) for path in linked) == [
        "dash/dash-renderer/build/dash_renderer",
        "dash/dcc/async-graph",
        "dash/dcc/dash_core_components",
        "dash/dcc/dash_core_components-shared",
        "dash/deps/polyfill",
        "dash/deps/prop-types",
        "dash/deps/react",
        "dash/deps/react-dom",
        "dash/html/dash_html_components",
        "dash_ag_grid/async-community",
        "dash_ag_grid/dash_ag_grid",
        "dash_bootstrap_components/_components/dash_bootstrap_components",
    ]


def test_plotly_is_of_the_major_release_that_its_package_is(simulated: Visitor) -> None:
    """Figures are held against the package's schema: the bundle that draws them must share it."""
    (path,) = re.findall(r'src="(/assets/vendor/plotly-[^"]+)"', simulated.get("/").text)
    bundle = simulated.get(path)
    assert f"plotly.js (basic - minified) v{PLOTLY}\n" in bundle.text
    assert PLOTLY.split(".")[0] == get_plotlyjs_version().split(".")[0]
    assert bundle.headers["Cache-Control"] == "public, max-age=31536000"


def test_figures_are_of_kinds_that_the_bundle_draws() -> None:
    """A heat map would pass the package's schema, and stay empty on the page."""
    of_traces, of_the_rest = {"scatter", "bar"}, {"path", "rect", "line", "data", "category", "log"}
    sources = "".join(file.read_text("utf-8") for file in FIGURES.glob("*.py"))
    assert set(re.findall(r'"type": "(\w+)"', sources)) <= of_traces | of_the_rest


def test_an_unknown_page_is_told(simulated: Visitor) -> None:
    assert "There is no page at /nothing." in words(simulated.page("/nothing"))


def test_a_database_that_is_gone_is_told_to_who_watches(tmp_path: Path, migrated: Path) -> None:
    place = installation(tmp_path / "instance", dataset(tmp_path / "data"), migrated)
    app = create_app(place.settings)
    for file in tmp_path.glob("instance/trustecg.db*"):
        os.truncate(file, 0)
        file.write_bytes(b"no database" * 100)
    response = app.server.test_client().get("/healthz")
    assert (response.status_code, response.text) == (503, "the database does not answer\n")
