"""The labels as an administrator takes them out."""

import csv
import hashlib
import io
import json
import threading
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select, update

from core.ecg import Superclass
from feedback import export
from feedback.tables import AuditEntry, Role, Source
from feedback.taken import taken_out
from tests.factories_readings import blind
from tests.integration.conftest import House
from tests.integration.reading import answer_blind, submit, words
from tests.integration.visitor import Visitor


def rows_of(visitor: Visitor) -> list[dict[str, str]]:
    """The rows of the CSV."""
    response = visitor.get("/export/labels.csv")
    assert response.mimetype == "text/csv"
    assert "attachment; filename=trustecg-labels-" in response.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(response.text)))


def test_the_file_holds_the_rows_that_the_page_counts(house: House, admin: Visitor) -> None:
    for role in (Role.CLINICIAN, Role.ADJUDICATOR):
        visitor = house.visitor(role)
        final = answer_blind(visitor, 1, Superclass.MI)
        submit(visitor, 1, final, final.payload)
        answer_blind(visitor, 2)
    assert words(admin.page("/export")).split().index("rows:") > 0
    assert "4  rows: one for each reader and ECG" in words(admin.page("/export"))
    rows = rows_of(admin)
    assert [(row["ecg_id"], row["stage"]) for row in rows] == [
        ("1", "final"),
        ("1", "final"),
        ("2", "blind"),
        ("2", "blind"),
    ]
    assert {row["mi"] for row in rows[:2]} == {"present"}
    assert {row["agrees_mi"] for row in rows[:2]} == {"agree"}


@pytest.mark.parametrize("address", ["/export/labels.csv", "/export/archive.zip"])
def test_an_answer_that_comes_in_meanwhile_neither_waits_nor_spoils_the_file(
    house: House, admin: Visitor, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    reader = house.people[Role.CLINICIAN].id
    blind(house.sessions, reader, 1)
    counted = export.count_readings

    def count_then_answer(*asked: Any) -> int:
        rows = counted(*asked)
        monkeypatch.setattr(export, "count_readings", counted)
        in_time = threading.Thread(target=blind, args=(house.sessions, reader, 2))
        in_time.start()
        in_time.join(5)
        assert not in_time.is_alive()
        return rows

    monkeypatch.setattr(export, "count_readings", count_then_answer)
    assert admin.get(address).status_code == 200


def test_a_filter_counts_and_lets_out_the_same(house: House, admin: Visitor) -> None:
    visitor = house.visitor(Role.CLINICIAN)
    final = answer_blind(visitor, 1, Superclass.MI)
    submit(visitor, 1, final, final.payload)
    answer_blind(visitor, 2, Superclass.CD)
    asked = {"export-status": "final", "export-reader": "clinician@example.org"}
    told = admin.call("count_rows", asked).json["response"]
    assert told["export-count"]["children"] == "1"
    address = told["export-labels"]["href"]
    assert address == "/export/labels.csv?reader=clinician%40example.org&status=final"
    rows = csv.DictReader(io.StringIO(admin.get(address).text))
    assert [row["ecg_id"] for row in rows] == ["1"]
    with house.sessions.read() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None and last.detail["filter"]["status"] == "final"


def test_a_filter_that_cannot_be_is_refused_in_words(admin: Visitor) -> None:
    told = admin.call("count_rows", {"export-since": "soon"}).json["response"]
    assert "From day (UTC) cannot be 'soon': it should be a valid date" in words(told)
    refused = admin.get("/export/labels.csv?worklist=Noon")
    assert refused.status_code == 400
    assert refused.text == "filter of worklist is 'Noon': no worklist has that name\n"


def test_days_that_never_were_let_nothing_out(house: House, admin: Visitor) -> None:
    answer_blind(house.visitor(Role.CLINICIAN), 1)
    days = {"export-since": "2026-02-01", "export-until": "2026-01-31"}
    told = admin.call("count_rows", days).json["response"]
    said = "'2026-01-31': it is before the first day, 2026-02-01"
    assert told["export-count"]["children"] == "0"
    assert f"To day (UTC) cannot be {said}" in words(told)
    assert told["export-labels"] == {"href": None, "className": "btn btn-primary disabled"}
    refused = admin.get("/export/labels.csv?since=2026-02-01&until=2026-01-31")
    assert refused.status_code == 400 and refused.text.startswith(f"filter of until is {said}")


@pytest.mark.parametrize("address", ["/export/labels.csv", "/export/archive.zip"])
def test_a_file_that_does_not_leave_is_not_on_record(
    house: House, admin: Visitor, address: str
) -> None:
    answered = admin.client.head(address)
    assert (answered.status_code, answered.data) == (200, b"")
    with house.sessions.read() as session:
        assert not taken_out(session, 9)


def test_a_file_that_would_not_hold_what_is_counted_says_so_to_who_asked(
    house: House,
    admin: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer_blind(house.visitor(Role.CLINICIAN), 1)
    monkeypatch.setattr(export, "count_readings", lambda *_: 2)
    refused = admin.get("/export/labels.csv")
    assert refused.status_code == 500
    assert "would hold 1 rows where the dashboard counts 2" in refused.text
    assert refused.text.strip() in caplog.text


def test_a_comment_is_no_formula(house: House, admin: Visitor) -> None:
    answer_blind(house.visitor(Role.CLINICIAN), 1, comment="=HYPERLINK(1)")
    assert rows_of(admin)[0]["comment"] == "'=HYPERLINK(1)"


def test_the_dictionary_names_every_column(house: House, admin: Visitor) -> None:
    answer_blind(house.visitor(Role.CLINICIAN), 1)
    listed = csv.reader(io.StringIO(admin.get("/export/dictionary.csv").text))
    explained = {row[0] for row in listed}
    assert set(rows_of(admin)[0]) <= explained


def test_an_export_is_on_record(house: House, admin: Visitor) -> None:
    rows_of(admin)
    with house.sessions.read() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None
    assert (last.actor, last.action, last.detail["rows"]) == (
        "admin@example.org",
        "export.labels",
        0,
    )


def test_the_archive_holds_what_the_page_counts(house: House, admin: Visitor) -> None:
    answer_blind(house.visitor(Role.CLINICIAN), 1)
    assert "ECGs with an answer 1, adjudications 0" in words(admin.page("/export"))
    response = admin.get("/export/archive.zip")
    assert "attachment; filename=trustecg-" in response.headers["Content-Disposition"]
    with ZipFile(io.BytesIO(response.data)) as files:
        counted = {f["name"]: f["rows"] for f in json.loads(files.read("manifest.json"))["files"]}
    assert (counted["consensus.parquet"], counted["adjudications.csv"]) == (1, 0)
    with house.sessions.read() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None and last.action == "export.archive"


def test_without_a_data_set_there_is_no_archive(house: House, admin: Visitor) -> None:
    with house.sessions.begin() as session:
        session.execute(update(Source).values(active=False))
    assert admin.get("/export/archive.zip").status_code == 404


def test_only_administrators_get_the_archive(house: House) -> None:
    for role in (Role.CLINICIAN, Role.ADJUDICATOR):
        assert house.visitor(role).get("/export/archive.zip").status_code == 403


def test_each_file_that_left_has_its_manifest(house: House, admin: Visitor) -> None:
    answer_blind(house.visitor(Role.CLINICIAN), 1)
    assert "Nothing has been exported yet" in words(admin.page("/export"))
    content = admin.get("/export/labels.csv?reader=clinician%40example.org&mode=blind-first").data
    admin.get("/export/archive.zip")
    asked = {"export-tick": 7, "export-newest": None}
    found = admin.call("show_taken", asked).json["response"]
    told = words(found["export-taken"])
    digest = hashlib.sha256(content).hexdigest()
    assert "labels, Mode blind first, Reader clinician@example.org" in told and digest[:12] in told
    assert told == words(admin.page("/export")).partition("Exports so far ")[2][: len(told)]
    with house.sessions.read() as session:
        everything, labels = taken_out(session, 2)
    seen = {"export-tick": 8, "export-newest": everything.number}
    assert admin.call("show_taken", seen).json["response"] == {}  # nothing new
    answer = admin.get(f"/export/manifest/{labels.number}.json")
    assert "attachment; filename=trustecg-export-" in answer.headers["Content-Disposition"]
    assert (answer.json["sha256"], answer.json["rows"]) == (digest, 1)


def test_a_manifest_is_for_administrators_and_of_exports(house: House, admin: Visitor) -> None:
    rows_of(admin)
    with house.sessions.read() as session:
        (labels,) = taken_out(session, 1)
    assert admin.get(f"/export/manifest/{labels.number}.json").status_code == 200
    assert admin.get(f"/export/manifest/{10**30}.json").status_code == 404
    refused = admin.get("/export/manifest/99999999.json")
    assert refused.status_code == 404 and "choose one of the export page" in refused.text
    for role in (Role.CLINICIAN, Role.ADJUDICATOR):
        address = f"/export/manifest/{labels.number}.json"
        assert house.visitor(role).get(address).status_code == 403


def test_a_click_looks_for_its_file_a_while(admin: Visitor) -> None:
    told = admin.call("watch", {"export-labels": 1, "export-tick": 4}).json["response"]
    assert told["export-tick"]["max_intervals"] == 304


def test_labels_that_have_left_do_not_end_the_look_for_an_archive(admin: Visitor) -> None:
    """Both were asked for, and the archive takes longer."""
    admin.get("/export/labels.csv")
    shown = admin.call("show_taken", {"export-tick": 3, "export-newest": None}).json["response"]
    assert "labels" in words(shown["export-taken"]) and "export-tick" not in shown
    newest = shown["export-newest"]["data"]
    assert admin.call("show_taken", {"export-newest": newest}).json["response"] == {}
    admin.get("/export/archive.zip")
    shown = admin.call("show_taken", {"export-newest": newest}).json["response"]
    assert "everything" in words(shown["export-taken"])
