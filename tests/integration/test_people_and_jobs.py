"""What administrators do on the pages of people and jobs."""

import re

import pytest
from sqlalchemy import select, update

from feedback import finetune, jobs, scoring, users
from feedback.db import now
from feedback.tables import Job, JobState, Prediction, Role
from tests.integration.conftest import House
from tests.integration.reading import words
from tests.integration.visitor import Visitor


def test_a_person_is_added_with_a_password_that_works_once(house: House, admin: Visitor) -> None:
    asked = {"people-add": 1, "people-email": "Eva@Example.org", "people-role": "clinician"}
    text = words(admin.call("add", asked).json["response"])
    secret = re.search(r"One-time password of eva@example.org: +(\S+)", text)
    assert secret is not None
    visitor = house.visitor()
    assert visitor.log_in("eva@example.org", secret.group(1)).status_code == 302
    assert visitor.get("/").location == "/password"
    again = admin.page("/people")
    assert secret.group(1) not in again
    assert "has a one-time password" in again


def test_when_a_one_time_password_runs_out_is_told(house: House, admin: Visitor) -> None:
    asked = {"people-add": 1, "people-email": "eva@example.org", "people-role": "clinician"}
    text = words(admin.call("add", asked).json["response"])
    with house.sessions.begin() as session:
        eva = users.by_email(session, "eva@example.org")
        assert eva.password_until.strftime("before %Y-%m-%d %H:%M UTC") in " ".join(text.split())
        eva.password_until = now()
    assert "one-time password has run out" in admin.page("/people")


def test_a_poor_address_is_told(admin: Visitor) -> None:
    asked = {"people-add": 1, "people-email": "eva", "people-role": "clinician"}
    text = words(admin.call("add", asked).json["response"])
    assert "'eva' is not an e-mail address: give one like name@hospital.org." in text


def test_a_person_gets_another_role_and_what_it_may_at_once(
    house: House, admin: Visitor, reader: Visitor
) -> None:
    def give(email: str | None, role: str) -> str:
        asked = {"people-give-role": 1, "people-email": email, "people-role": role}
        return words(admin.call("give_role", asked).json["response"])

    assert "Not for your role" in reader.page("/adjudicate")
    said = give("Clinician@Example.org", "adjudicator")
    assert "clinician@example.org is adjudicator now." in said
    assert "Not for your role" not in reader.page("/adjudicate")
    assert "is the only admin: make someone else admin first." in give(
        "admin@example.org", "clinician"
    )
    for nobody in ("nobody@example.org", None):
        assert "has no account" in give(nobody, "admin")


def test_a_one_time_password_stays_until_there_is_another(house: House, admin: Visitor) -> None:
    """It is shown once: what is pressed next must not take it away."""
    asked = {"people-add": 1, "people-email": "eva@example.org", "people-role": "clinician"}
    added = admin.call("add", asked).json
    assert "One-time password" in words(added["response"]["people-secret"])
    assert added["sideUpdate"]["people-email"] == {"value": ""}
    button = {"act": "deactivate", "person": house.people[Role.CLINICIAN].id}
    refused = {"act": "reset", "person": 2**31 - 1}
    for told in (
        admin.call("add", asked),  # Enter, twice
        admin.call("give_role", asked),
        admin.press("act", button),
        admin.press("act", refused),
    ):
        assert "people-secret" not in told.json["response"]
        assert words(told.json["response"]["people-message"])


def test_nobody_resets_the_password_by_which_they_are_signed_in(
    house: House, admin: Visitor
) -> None:
    page = admin.page("/people")
    assert page.count("Change password") == 1
    own, other = house.people[Role.ADMIN].id, house.people[Role.CLINICIAN].id
    assert f'{{"act":"reset","person":{own}}}' not in page
    assert f'{{"act":"reset","person":{other}}}' in page
    assert "Deactivate your own account?" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"people-email": 7},
        {"people-email": ["a@b.org"]},
        {"people-role": "king"},
        {"people-role": None},
    ],
)
@pytest.mark.parametrize("function", ["add", "give_role"])
def test_what_the_form_of_people_never_sends_is_refused(
    admin: Visitor, function: str, wrong: dict[str, object]
) -> None:
    asked = {"people-email": "clinician@example.org", "people-role": "clinician"}
    assert admin.call(function, asked | wrong).status_code == 400


def test_a_person_is_deactivated_and_let_in_again(house: House, admin: Visitor) -> None:
    clinician = house.people[Role.CLINICIAN]
    out = admin.press("act", {"act": "deactivate", "person": clinician.id})
    assert "clinician@example.org may not sign in." in words(out.json["response"])
    assert house.visitor().log_in(clinician.email).status_code == 401
    admin.press("act", {"act": "activate", "person": clinician.id})
    assert house.visitor().log_in(clinician.email).status_code == 302


def test_a_reset_gives_a_new_one_time_password(house: House, admin: Visitor) -> None:
    clinician = house.people[Role.CLINICIAN]
    reset = admin.press("act", {"act": "reset", "person": clinician.id})
    assert "One-time password of clinician@example.org" in words(reset.json["response"])
    assert house.visitor().log_in(clinician.email).status_code == 401


def test_the_last_administrator_stays(house: House, admin: Visitor) -> None:
    alone = house.people[Role.ADMIN]
    refused = admin.press("act", {"act": "deactivate", "person": alone.id})
    assert "admin@example.org is the only admin: make someone else admin first." in words(
        refused.json["response"]
    )
    with house.sessions.read() as session:
        assert users.has_admin(session)


def test_a_drawn_button_is_not_a_pressed_one(house: House, admin: Visitor) -> None:
    button = {"act": "deactivate", "person": house.people[Role.CLINICIAN].id}
    assert admin.press("act", button, clicks=0).status_code == 204


def test_scoring_is_queued_and_cancelled_from_the_page(house: House, admin: Visitor) -> None:
    queued = admin.call("score", {"jobs-score": 1})
    assert "1 job queued." in words(queued.json["response"])
    with house.sessions.read() as session:
        job = session.scalars(select(Job)).one()
    assert job.enqueued_by == "admin@example.org"

    def listed(show: str) -> str:
        asked = {"jobs-tick": 1, "jobs-show": show}
        return words(admin.call("refresh", asked).json["response"])

    assert "scoring queued" in listed("every")
    assert "Not listed: 1 more, 1 of which waits and none of which has failed." in listed("notable")
    stopped = admin.press("cancel", {"act": "cancel", "job": job.id})
    assert f"Job {job.id} was told to stop." in words(stopped.json["response"])
    with house.sessions.read() as session:
        assert session.get_one(Job, job.id).state is JobState.CANCELLED


def test_nothing_is_queued_twice(admin: Visitor) -> None:
    admin.call("score", {"jobs-score": 1})
    again = admin.call("score", {"jobs-score": 1})
    assert "Nothing is left to score." in words(again.json["response"])


def test_a_retraining_is_found_among_scoring_and_what_failed_is_never_hidden(
    house: House, admin: Visitor
) -> None:
    with house.sessions.begin() as session:
        for kind, state in (
            (scoring.KIND, JobState.FAILED),
            (scoring.KIND, JobState.DONE),
            (finetune.KIND, JobState.DONE),
        ):
            jobs.enqueue(session, kind, {}, actor="eve").state = state
    page = words(admin.page("/jobs"))
    assert "retraining done" in page and "scoring failed" in page
    assert "scoring done" not in page
    assert "Not listed: 1 more, none of which has failed." in page

    def shown(show: object) -> str:
        asked = {"jobs-tick": 1, "jobs-show": show}
        return words(admin.call("refresh", asked, by=1).json["response"])

    assert "scoring done" in shown("every") and "Not listed" not in shown("every")
    assert "scoring failed" in shown("retraining") and "scoring done" not in shown("retraining")
    for never in ("all", None, 7, ["every"]):
        asked = {"jobs-tick": 1, "jobs-show": never}
        assert admin.call("refresh", asked).status_code == 400


def test_records_whose_file_cannot_be_read_are_counted(house: House, admin: Visitor) -> None:
    assert "cannot be read" not in words(admin.page("/jobs"))
    with house.sessions.begin() as session:
        session.execute(
            update(Prediction)
            .where(Prediction.p_norm.is_(None))
            .values(error="its header names no file", acceptable=False)
        )
    assert "1 cannot be read" in words(admin.page("/jobs"))
