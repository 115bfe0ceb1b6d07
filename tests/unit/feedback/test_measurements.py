"""What calipers measured goes with an answer: stored, sealed, exported, never in the way."""

import csv
import io
import json
import math

import pytest
from sqlalchemy import text

from core.ecg import Lead, Superclass
from feedback import audit, export, readings
from feedback.answers import MAX_MEASUREMENTS, Answer, Measurement
from feedback.db import Sessions, now
from feedback.errors import ImpossibleMeasurement, KeyReused
from feedback.tables import Reading, User
from tests.factories_readings import answer

RR = Measurement(lead=Lead.II, start_s=0.86, end_s=1.55, millivolts=-0.02)


def measured(*measurements: Measurement) -> Answer:
    """An answer with which these were kept."""
    plain = answer(Superclass.MI)
    return Answer(verdicts=plain.verdicts, comment="with calipers", measurements=measurements)


def submit(sessions: Sessions, reader: User, given: Answer, key: str = "one") -> Reading:
    with sessions.begin() as session:
        return readings.submit_blind(session, reader.id, 1, given, key=key, started_at=now())


def test_a_measurement_comes_back_from_its_words() -> None:
    assert Measurement.of(json.loads(json.dumps(RR.as_json))) == RR


def test_what_was_kept_is_stored_and_comes_back(library: Sessions, reader: User) -> None:
    stored = submit(library, reader, measured(RR))
    with library.read() as session:
        again = session.get_one(Reading, stored.id)
        assert again.measurements == [RR.as_json]
        assert Answer.of(again).measurements == (RR,)


def test_an_answer_without_any_has_none(library: Sessions, reader: User) -> None:
    assert submit(library, reader, measured()).measurements is None


def test_the_audit_chain_holds_with_and_without(
    library: Sessions, reader: User, colleague: User
) -> None:
    submit(library, reader, measured(RR))
    submit(library, colleague, measured())
    with library.read() as session:
        assert audit.verify(session).readings == 2


def test_the_seal_of_a_reading_without_any_is_what_it_was_before_there_were_any(
    library: Sessions, reader: User
) -> None:
    stored = submit(library, reader, measured())
    columns = set(Reading.__table__.columns.keys()) - {"measurements"}
    old = audit._sha256({name: audit._plain(getattr(stored, name)) for name in columns})
    assert audit.seal(stored) == old
    stored.measurements = [RR.as_json]
    assert audit.seal(stored) != old


def test_the_same_key_with_another_measurement_is_refused(library: Sessions, reader: User) -> None:
    submit(library, reader, measured(RR))
    submit(library, reader, measured(RR))
    with pytest.raises(KeyReused):
        submit(library, reader, measured())


def test_readings_with_measurements_stay_append_only(library: Sessions, reader: User) -> None:
    submit(library, reader, measured(RR))
    with pytest.raises(Exception, match="append only"), library.begin() as session:
        session.execute(text("UPDATE readings SET measurements = NULL"))


def test_they_leave_with_the_labels(library: Sessions, reader: User) -> None:
    submit(library, reader, measured(RR))
    stream = io.StringIO()
    with library.read() as session:
        export.write_labels(session, stream)
    (row,) = csv.DictReader(io.StringIO(stream.getvalue()))
    assert json.loads(row["measurements"]) == [RR.as_json]


@pytest.mark.parametrize(
    ("start", "end", "height"),
    [(-0.1, 1, 0), (2, 1, 0), (0, math.inf, 0), (0, 1, math.nan), (math.nan, 1, 0)],
)
def test_what_cannot_be_is_refused(start: float, end: float, height: float) -> None:
    with pytest.raises(ImpossibleMeasurement) as refused:
        Measurement(lead=Lead.V1, start_s=start, end_s=end, millivolts=height)
    assert str(refused.value) == (
        f"a measurement on V1 from {start} s to {end} s, {height} mV, is not possible: "
        "take it again"
    )


def test_there_is_an_end_to_them() -> None:
    measured(*[RR] * MAX_MEASUREMENTS)
    with pytest.raises(ImpossibleMeasurement, match="51 measurements are kept: remove some"):
        measured(*[RR] * (MAX_MEASUREMENTS + 1))
