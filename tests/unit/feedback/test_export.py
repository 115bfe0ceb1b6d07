"""Labels out: the rows that the dashboard counts, whole, harmless in a spreadsheet."""

import csv
import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.ecg import SUPERCLASSES, Superclass
from core.ptbxl import SIMULATED_MARK
from feedback import export, importing
from feedback.db import Sessions
from feedback.errors import ExportMismatch
from feedback.export import COLUMNS, KINDS, Manifest, cell
from feedback.readings import Answer
from feedback.tables import Confidence, User, Verdict
from tests.factories import VERSION, above, predict
from tests.factories_dataset import dataset
from tests.factories_readings import amended, answer, blind, final


def written(sessions: Sessions) -> tuple[list[dict[str, str]], Manifest, str]:
    stream = io.StringIO(newline="")
    with sessions.read() as session:
        manifest = export.write_labels(session, stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue()))), manifest, stream.getvalue()


def test_nothing_read_is_a_header_alone(library: Sessions) -> None:
    rows, manifest, text = written(library)
    assert (rows, manifest.rows) == ([], 0)
    assert text == ",".join(name for name, _ in COLUMNS) + "\r\n"


def test_a_row_holds_both_answers_and_what_was_on_screen(library: Sessions, reader: User) -> None:
    with library.begin() as session:
        predict(session, 1, above(Superclass.MI), uncertainty=0.125)
    before = answer(Superclass.NORM, comment="quiet ST", confidence=Confidence.LOW)
    blind(library, reader.id, 1, before)
    agreement = dict.fromkeys(SUPERCLASSES, True) | {Superclass.HYP: False}
    given = answer(Superclass.MI, Superclass.HYP, comment="Q in III", confidence=Confidence.HIGH)
    last = final(library, reader.id, 1, given, agreement)
    (row,) = written(library)[0]
    assert (row["ecg_id"], row["patient_id"], row["fold"]) == ("1", "1001", "2")
    assert (row["reader"], row["mode"], row["stage"]) == (reader.email, "blind-first", "final")
    assert (row["norm"], row["mi"], row["confidence"]) == ("absent", "present", "high")
    assert (row["blind_norm"], row["blind_mi"], row["blind_confidence"]) == (
        "present",
        "absent",
        "low",
    )
    assert (row["agrees_mi"], row["agrees_hyp"]) == ("agree", "disagree")
    assert (row["model_version"], row["model_labels"]) == (VERSION, "MI")
    assert (row["p_mi"], row["p_hyp"], row["threshold_mi"]) == ("0.8123", "0.0321", "0.5")
    assert (row["model_uncertainty"], row["model_unavailable"]) == ("0.125", "")
    assert (row["simulated"], row["unreadable"], row["comment"]) == ("false", "false", "Q in III")
    assert row["blind_comment"] == "quiet ST"
    assert datetime.fromisoformat(row["submitted"]) == last.submitted_at.replace(microsecond=0)


def test_a_blind_answer_alone_is_exported_as_such(library: Sessions, reader: User) -> None:
    with library.begin() as session:
        predict(session, 1, above(Superclass.MI))
    blind(library, reader.id, 1, Answer(unreadable=True))
    (row,) = written(library)[0]
    assert (row["stage"], row["unreadable"], row["mi"]) == ("blind", "true", "")
    assert (row["model_version"], row["p_mi"]) == ("", "")  # nothing was on screen


def test_an_amended_answer_is_one_row_with_the_last_word(library: Sessions, reader: User) -> None:
    blind(library, reader.id, 1)
    final(library, reader.id, 1)
    amended(library, reader.id, 1, answer(Superclass.HYP))
    amended(library, reader.id, 1, answer(Superclass.CD))
    (row,) = written(library)[0]
    assert (row["hyp"], row["cd"], row["amendments"]) == ("absent", "present", "2")
    assert row["model_unavailable"] == "The model has not seen this record yet."


def test_the_rows_are_those_that_the_dashboard_counts(
    library: Sessions, reader: User, colleague: User
) -> None:
    for person, records in ((reader, (1, 2, 3)), (colleague, (2, 3, 4, 5))):
        for ecg_id in records:
            blind(library, person.id, ecg_id)
    final(library, reader.id, 2)
    rows, manifest, _ = written(library)
    with library.read() as session:
        assert export.count_readings(session) == len(rows) == manifest.rows == 7
    assert manifest.readers == 2
    assert len({(row["ecg_id"], row["reader"]) for row in rows}) == 7


def test_a_count_that_does_not_match_fails_the_export(
    library: Sessions, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind(library, reader.id, 1)
    monkeypatch.setattr(export, "count_readings", lambda *_: 2)
    with pytest.raises(ExportMismatch) as refused:
        written(library)
    assert str(refused.value) == (
        "the file would hold 1 rows where the dashboard counts 2: "
        "do not use it, run 'trustecg audit verify'"
    )


def test_readings_of_a_simulated_set_stay_and_say_so(
    library: Sessions, reader: User, tmp_path: Path
) -> None:
    blind(library, reader.id, 1)
    simulated = dataset(tmp_path / "simulated", 2)
    (simulated.root / SIMULATED_MARK).write_text("{}")
    importing.import_dataset(library, simulated)
    blind(library, reader.id, 1)
    rows, manifest, _ = written(library)
    assert [(row["ecg_id"], row["simulated"]) for row in rows] == [("1", "false"), ("1", "true")]
    assert len({row["data_set"] for row in rows}) == 2
    assert (manifest.rows, manifest.simulated) == (2, 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("sinus = rhythm", "sinus = rhythm"),
        ("", ""),
        ("0.5", "0.5"),
        (Verdict.PRESENT, "present"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (-0.038, "-0.038"),
        (-3, "-3"),
        (np.float64(-0.5), "-0.5"),
        (datetime(2026, 1, 31, 9, 5, tzinfo=UTC), "2026-01-31T09:05:00+00:00"),
    ],
)
def test_a_text_is_never_a_formula_and_a_number_stays_one(value: object, expected: str) -> None:
    assert cell(value) == expected


def test_only_columns_have_a_kind() -> None:
    assert set(KINDS) <= {name for name, _ in COLUMNS}


def test_a_comment_is_neutralised_and_keeps_its_lines_and_quotes(
    library: Sessions, reader: User
) -> None:
    comment = '=cmd|"/c calc"!A1, \nsecond; line'
    blind(library, reader.id, 1, answer(comment=comment))
    (row,) = written(library)[0]
    assert row["comment"] == f"'{comment}"


def test_the_manifest_tells_an_altered_file(library: Sessions, reader: User) -> None:
    blind(library, reader.id, 1, answer(comment="Größe 心"))
    _, manifest, text = written(library)
    content = text.encode("utf-8")
    assert manifest.sha256 == hashlib.sha256(content).hexdigest()
    assert manifest.bytes == len(content)
    assert manifest.columns == tuple(csv.DictReader(io.StringIO(text)).fieldnames or ())


def test_the_dictionary_has_a_meaning_for_every_column() -> None:
    stream = io.StringIO(newline="")
    export.write_dictionary(stream)
    rows = list(csv.reader(io.StringIO(stream.getvalue())))
    assert rows[0] == ["column", "meaning"]
    assert [name for name, _ in rows[1:-1]] == [name for name, _ in COLUMNS]
    assert rows[-1] == ["(any)", export.NEUTRAL]
    assert all(meaning.endswith(".") for _, meaning in rows[1:])
