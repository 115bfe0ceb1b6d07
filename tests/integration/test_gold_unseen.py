"""Nothing that a reader is sent tells a gold ECG from another one, before the answer or after it.

Two installations are the same to the last row but for one fact: in the first, ECG 1 of the
worklist is gold. The same reader asks both the same, everything that there is to ask, and hears
the same from both: statuses, headers, bodies and their order, but for what chance and the clock
put into any answer.
"""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from werkzeug.test import TestResponse

from core.ecg import Superclass
from dashboard.app import create_app
from dashboard.settings import Settings
from feedback import db
from feedback.catalogue import find_record
from feedback.gold_mix import WHY
from feedback.sampling import DRAWN, Strategy
from feedback.tables import GoldAnswer, GoldGiver, Role, User, WorklistSlot
from tests.factories_gold import golden, known
from tests.factories_worklists import worklist
from tests.integration import everything
from tests.integration.conftest import House
from tests.integration.everything import Everything
from tests.integration.reading import answer_blind, enter, submit
from tests.integration.visitor import Visitor

CD, MI = Superclass.CD, Superclass.MI
GOLD = 1
CHANCE = re.compile(
    r"[0-9a-f]{32}"  # keys of submissions
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00)?"
    r"|\d\d:\d\d(:\d\d)?(?= UTC)"
    r"|[\w-]{40,}\.[\w-]{6}\.[\w-]{27}"  # tokens against forgery
    r"|(?<=end_id\":\")[^\"]+"  # of the process
    r"|\d+ s\b"  # how long an answer took
)
OF_CHANCE = {"Set-Cookie", "Content-Length", "Date"}


class Witness(Visitor):
    """A visitor who keeps all of what the server said, but for chance and the clock."""

    def _heard(self, response: TestResponse) -> TestResponse:
        heard = super()._heard(response)
        headers = sorted((k, v) for k, v in heard.headers.items() if k not in OF_CHANCE)
        body = CHANCE.sub("*", self.traffic.pop())
        self.traffic.append(json.dumps([heard.request.path, heard.status, headers, body]))
        return heard


def twin_of(house: House, instance: Path, folder: Path) -> House:
    """The same installation once more, where no ECG is gold."""
    copied = db.copy(f"sqlite:///{instance / 'trustecg.db'}")
    assert copied is not None
    folder.mkdir()
    copied.rename(folder / "trustecg.db")
    settings = Settings(instance=folder, ptbxl=house.root, ahead=0)
    sessions = db.make_sessions(db.make_engine(settings.database_url))
    with sessions.begin() as session:
        session.execute(delete(GoldAnswer))
        session.execute(delete(GoldGiver))
        of_gold = update(WorklistSlot).where(WorklistSlot.why == WHY)
        session.execute(of_gold.values(why=f"{Strategy.RANDOM}: {DRAWN}"))
    return House(create_app(settings), sessions, house.root, house.people)


def everything_heard(house: House, reader: User, list_id: int) -> list[str]:
    """What a reader hears who asks for everything, reads the worklist, and asks again."""
    visitor = Witness(house.app).arrive_as(reader)
    visitor.press("claim", {"act": "read", "worklist": list_id})
    answer_blind(visitor, 3, CD)
    _ask(house, visitor)
    for ecg_id in (2, GOLD):
        form = answer_blind(visitor, ecg_id, MI)
        submit(visitor, ecg_id, form, enter(form, [MI]))
        visitor.press("claim", {"act": "read", "worklist": list_id}, clicks=2)
    _ask(house, visitor)
    return visitor.traffic


def _ask(house: House, visitor: Witness) -> None:
    pages = [visitor.get("/_dash-layout").text]
    pages += map(visitor.page, ("/", "/my-readings", "/read/3", f"/read/{GOLD}", "/read/2"))
    with house.sessions.read() as session:
        record_id = find_record(session, GOLD).id
    Everything(visitor, GOLD, record_id, pages).ask()


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ADJUDICATOR])
def test_a_reader_hears_the_same_whether_an_ecg_is_gold_or_not(
    house: House, role: Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "TRIES", 6)
    golden(house.sessions, {GOLD: known(CD)})
    made = worklist(house.sessions, records=4, gold_share=0.25)
    twin = twin_of(house, tmp_path / "instance", tmp_path / "twin")
    reader = house.people[role]
    heard, twins = (everything_heard(one, reader, made.id) for one in (house, twin))
    assert len(heard) > 300
    assert len(heard) == len(twins)
    for ours, theirs in zip(heard, twins, strict=True):
        assert ours == theirs
