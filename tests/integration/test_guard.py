"""Who gets in, what every answer carries, and what a role may reach."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from itsdangerous import TimestampSigner

from dashboard.security import SESSION_HOURS, safe_next
from feedback import ended_sessions, export, users
from feedback.errors import StorageUnavailable
from feedback.policy import Action, allows
from feedback.tables import Role
from tests.factories import PASSWORD, add_person
from tests.integration.conftest import House
from tests.integration.visitor import Visitor

DASH_OWN = {"update"}  # the router: each layout checks for itself


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/read/1",
        "/export",
        "/agreement",
        "/people",
        "/jobs",
        "/models",
        "/worklists",
        "/nothing",
    ],
)
def test_a_stranger_is_led_to_the_login_and_back(stranger: Visitor, path: str) -> None:
    response = stranger.get(path)
    assert response.status_code == 302
    assert response.location == f"/login?next={path}"


@pytest.mark.parametrize(
    "file", ["/export/labels.csv?reader=a@b.org", "/export/archive.zip", "/export/manifest/1.json"]
)
def test_whoever_wants_a_file_comes_back_to_its_page(stranger: Visitor, file: str) -> None:
    """A download leaves the browser where it is: at the form, which then seems not to work."""
    assert stranger.get(file).location == "/login?next=/export"


@pytest.mark.parametrize("path", ["/_dash-layout", "/_dash-dependencies", "/_reload-hash"])
def test_a_stranger_gets_nothing_of_dash(stranger: Visitor, path: str) -> None:
    assert stranger.get(path).status_code == 401


def test_no_route_answers_a_stranger_but_those_of_the_allow_list(house: House) -> None:
    house.visitor(Role.ADMIN)  # Dash adds its last routes at the first request
    public = {"/login", "/healthz", "/_favicon.ico"}
    for rule in house.app.server.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        if path.startswith(("/assets/", "/_dash-component-suites/")):
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            response = house.visitor().client.open(path, method=method)
            expected = {200, 400} if path in public else {302, 401, 403}
            assert response.status_code in expected, f"{method} {rule.rule}"


def test_a_stranger_cannot_run_a_callback_whatever_path_he_claims(stranger: Visitor) -> None:
    stranger.get("/login")
    for pathname in ("/", "/login"):
        asked = {"_pages_location": {"pathname": pathname, "search": ""}}
        assert stranger.call("rows", asked | {"worklist": {}}).status_code == 401


def test_a_lost_session_is_told_from_a_forged_request(reader: Visitor) -> None:
    reader.client.delete_cookie("trustecg_session")
    assert reader.call("rows", {"worklist": {"startRow": 0}}).status_code == 401


def test_whoever_lost_the_session_is_told_and_a_stranger_is_not(stranger: Visitor) -> None:
    assert "Your session has ended" in stranger.get("/login?ended=1&next=/read/1").text
    assert "Your session has ended" not in stranger.get("/login?next=/read/1").text


def test_the_note_on_a_lost_session_outlives_a_wrong_password(stranger: Visitor) -> None:
    page = stranger.get("/login?ended=1&next=/read/1").text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    fields |= {"email": "clinician@example.org", "password": "wrong"}
    response = stranger.client.post("/login", data=fields)
    assert response.status_code == 401
    assert "Your session has ended" in response.text


def test_a_page_of_whoever_was_signed_in_before_asks_and_answers_nothing(
    house: House, reader: Visitor
) -> None:
    """Windows of one browser share its session: the answer would be stored as another's."""
    mine, other = house.people[Role.CLINICIAN].id, house.people[Role.ADJUDICATOR].id
    for drawn_for, is_own in ((mine, True), (other, False), ("x", False)):
        reader.client.environ_base["HTTP_X_TRUSTECG_PERSON"] = str(drawn_for)
        asked = reader.call("rows", {"worklist": {"startRow": 0, "endRow": 5}})
        assert (asked.status_code == 200) is is_own
        assert (reader.post("/read/1/answer", {}).status_code == 401) is not is_own


def test_whoever_signed_in_since_goes_on_from_the_page_that_was_not_theirs(
    house: House, reader: Visitor
) -> None:
    form = reader.get("/login?ended=1&next=/read/3")
    assert form.status_code == 200
    assert "clinician@example.org is signed in at this browser" in form.text
    assert '<a href="/read/3">go on as clinician@example.org</a>' in form.text
    assert reader.get("/login?next=/read/3").location == "/read/3"
    back = reader.submit(
        "/login?ended=1&next=/read/3",
        email="adjudicator@example.org",
        password=PASSWORD,
        next="/read/3",
    )
    assert back.location == "/read/3"
    assert "adjudicator@example.org" in reader.get("/password").text


def test_who_has_signed_in_in_another_window_is_not_asked_again(house: House) -> None:
    visitor = house.visitor()
    page = visitor.get("/login?next=/read/3").text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    visitor.log_in("clinician@example.org")
    asked = fields | {"email": " Clinician@example.org", "password": "not looked at"}
    assert visitor.client.post("/login", data=asked).location == "/read/3"
    other = visitor.client.post("/login", data=asked | {"email": "admin@example.org"})
    assert other.status_code == 400
    assert "go on as clinician@example.org" in other.text


def test_a_request_without_the_csrf_token_is_refused(reader: Visitor) -> None:
    reader.client.delete_cookie("_csrf_token")
    assert reader.call("rows", {"worklist": {"startRow": 0}}).status_code == 400
    assert reader.post("/read/1/answer", {}).status_code == 400


@pytest.mark.parametrize(
    ("form", "onward"), [("/logout", "/login?next=/"), ("/password", "/login?next=/password")]
)
def test_a_form_of_a_lost_session_leads_to_the_login(
    reader: Visitor, form: str, onward: str
) -> None:
    reader.client.delete_cookie("trustecg_session")
    response = reader.client.post(form, data={"csrf_token": "of before"})
    assert (response.status_code, response.location) == (302, onward)


def test_a_form_of_a_session_before_this_one_does_nothing_and_says_what_to_do(
    reader: Visitor,
) -> None:
    response = reader.client.post("/logout", data={"csrf_token": "of before"})
    assert (response.status_code, response.location) == (302, "/")
    response = reader.client.post("/password", data={"csrf_token": "of before"})
    assert response.status_code == 400
    assert "This form was out of date. Fill it in again." in response.text
    assert reader.get("/").status_code == 200


HOURS = 3600


@pytest.mark.parametrize(
    ("act", "lasts"),
    [
        (lambda visitor: visitor.call("hold", {}, by=1), False),
        (lambda visitor: visitor.call("refresh", {"jobs-tick": 1}), False),
        (lambda visitor: visitor.call("change_look", {"look": 1}), True),
        (lambda visitor: visitor.get("/"), True),
        (lambda visitor: visitor.post("/read/1/answer", {}), True),
    ],
    ids=["hold-tick", "jobs-tick", "press", "page", "answer"],
)
def test_a_session_lasts_as_long_as_somebody_acts_and_no_timer_prolongs_it(
    house: House, monkeypatch: pytest.MonkeyPatch, act: Callable[[Visitor], object], lasts: bool
) -> None:
    began = int(time.time())
    visitor = house.visitor()
    assert visitor.log_in("admin@example.org").status_code == 302
    visitor.get("/")

    def at(hours: float) -> None:
        now = began + int(hours * HOURS)
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda signer: now)

    at(SESSION_HOURS - 1)
    act(visitor)
    at(SESSION_HOURS + 1)
    assert (visitor.get("/").status_code == 200) is lasts


def test_the_login_form_needs_its_token(stranger: Visitor) -> None:
    fields = {"email": "clinician@example.org", "password": PASSWORD}
    response = stranger.client.post("/login", data=fields)
    assert response.status_code == 400
    assert "This form was out of date. Sign in again." in response.text
    assert stranger.get("/").status_code == 302


def test_login_leads_where_one_wanted_to_go(stranger: Visitor) -> None:
    response = stranger.log_in("clinician@example.org", next="/read/3")
    assert (response.status_code, response.location) == (302, "/read/3")
    assert "ECG 3" in stranger.page("/read/3")


def test_a_wrong_password_is_told_and_the_address_kept(stranger: Visitor) -> None:
    response = stranger.log_in("clinician@example.org", "wrong")
    assert response.status_code == 401
    assert "E-mail and password do not match: check both and try again." in response.text
    assert 'value="clinician@example.org"' in response.text


@pytest.mark.parametrize(
    ("target", "safe"),
    [
        ("/read/17?x=1", "/read/17?x=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("\t//evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("read/17", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_login_leads_to_no_other_site(target: str | None, safe: str) -> None:
    assert safe_next(target) == safe


def test_a_one_time_password_opens_nothing_but_its_change(house: House) -> None:
    add_person(house.sessions, "new@example.org", Role.CLINICIAN, must_change=True)
    visitor = house.visitor()
    visitor.log_in("new@example.org")
    assert visitor.get("/").location == "/password"
    assert visitor.call("rows", {"worklist": {"startRow": 0}}).status_code == 403
    visitor.submit("/password", old=PASSWORD, new="four quiet words", again="four quiet words")
    assert visitor.get("/").status_code == 200


def test_the_first_password_of_ones_own_leads_where_one_wanted_to_go(house: House) -> None:
    add_person(house.sessions, "new@example.org", Role.CLINICIAN, must_change=True)
    visitor = house.visitor()
    visitor.log_in("new@example.org", next="/read/3")
    asked = visitor.get("/read/3").location
    assert asked == "/password?next=/read/3"
    passwords = {"old": PASSWORD, "new": "four quiet words", "again": "four quiet words"}
    page = visitor.get(asked).text
    assert '<input type="hidden" name="next" value="/read/3">' in page
    assert "To the worklist" not in page  # which would lead back here
    again = visitor.submit(asked, **passwords | {"again": "four quite words"}, next="/read/3")
    assert 'value="/read/3"' in again.text
    evil = visitor.get("/password?next=//evil.example/").text
    assert "evil" not in evil
    assert visitor.submit(asked, **passwords, next="/read/3").location == "/read/3"


def test_a_changed_password_is_told_once(reader: Visitor) -> None:
    said = "Your password is changed."
    assert said not in reader.get("/password?changed=1").text
    changed = reader.submit(
        "/password", old=PASSWORD, new="four quiet words", again="four quiet words"
    )
    assert changed.location == "/password"
    assert said in reader.get("/password").text
    assert said not in reader.get("/password").text


def test_a_password_is_not_guessed_at_a_screen_that_was_left_open(
    reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MAX_FAILURES_EMAIL", 2)
    chosen = {"new": "four quiet words", "again": "four quiet words"}
    for _ in range(2):
        reader.submit("/password", old="wrong", **chosen)
    refused = reader.submit("/password", old=PASSWORD, **chosen)
    assert refused.status_code == 400
    assert "Too many failed logins: wait 15 minutes and try again." in refused.text


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"old": "wrong", "new": "four quiet words", "again": "four quiet words"},
            "The present password is another: type it again.",
        ),
        (
            {"old": PASSWORD, "new": "four quiet words", "again": "four quite words"},
            "The new passwords differ. Type the same one twice.",
        ),
        (
            {"old": PASSWORD, "new": "short", "again": "short"},
            "The new password has 5 characters: use at least 12.",
        ),
    ],
)
def test_why_a_password_was_not_changed(
    reader: Visitor, fields: dict[str, str], problem: str
) -> None:
    response = reader.submit("/password", **fields)
    assert response.status_code == 400
    assert problem in response.text


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(house: House) -> None:
    here, elsewhere = house.visitor(Role.CLINICIAN), house.visitor(Role.CLINICIAN)
    here.submit("/password", old=PASSWORD, new="four quiet words", again="four quiet words")
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


def test_whoever_is_deactivated_is_out_at_once(house: House, reader: Visitor) -> None:
    with house.sessions.begin() as session:
        users.set_active(session, house.people[Role.CLINICIAN].id, False, actor="test")
    assert reader.get("/").status_code == 302


def test_signing_out_ends_the_session(reader: Visitor) -> None:
    token = reader.client.get_cookie("_csrf_token").value
    assert reader.client.post("/logout", data={"csrf_token": token}).location == "/login"
    assert reader.get("/").status_code == 302


def test_an_answer_on_its_way_does_not_bring_a_session_back(house: House, reader: Visitor) -> None:
    reader.client.delete_cookie("trustecg_session")
    reader.log_in(house.people[Role.CLINICIAN].email)
    before = reader.client.get_cookie("trustecg_session").value
    token = reader.client.get_cookie("_csrf_token").value
    reader.client.post("/logout", data={"csrf_token": token})
    reader.client.set_cookie("trustecg_session", before)  # as such an answer renews it
    assert reader.get("/").status_code == 302


def test_an_end_is_remembered_for_longer_than_a_cookie_is_good() -> None:
    assert timedelta(hours=SESSION_HOURS) < ended_sessions.KEPT


def test_a_session_that_nobody_could_end_is_none(reader: Visitor) -> None:
    """One of before sessions had a mark: an answer on its way would bring it back for ever."""
    with reader.client.session_transaction() as session:
        del session["mark"]
    assert reader.get("/").location == "/login?next=/"


def test_signing_out_here_leaves_a_session_elsewhere(house: House, reader: Visitor) -> None:
    elsewhere = house.visitor(Role.CLINICIAN)
    reader.client.delete_cookie("trustecg_session")
    reader.log_in(house.people[Role.CLINICIAN].email)
    token = reader.client.get_cookie("_csrf_token").value
    reader.client.post("/logout", data={"csrf_token": token})
    assert elsewhere.get("/").status_code == 200


PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}  # as a browser asks for one


def test_a_file_that_is_for_another_role_is_refused_on_a_page(reader: Visitor) -> None:
    refused = reader.client.get("/export/labels.csv", headers=PAGE)
    assert refused.status_code == 403
    assert "<h1>Not for your role</h1>" in refused.text
    assert "Your role may not export labels. Ask an administrator." in refused.text
    assert "Content-Security-Policy" in refused.headers
    assert reader.get("/export/labels.csv").text == (
        "Your role may not export labels. Ask an administrator.\n"
    )


def test_why_a_file_is_refused_is_told_on_a_page(admin: Visitor) -> None:
    refused = admin.client.get("/export/labels.csv?since=today", headers=PAGE)
    assert refused.status_code == 400
    assert "<h1>That cannot be done</h1>" in refused.text
    assert "Filter of since is &#39;today&#39;" in refused.text


def test_what_is_too_large_is_refused_on_a_page(stranger: Visitor) -> None:
    data = {"email": "a" * 2**20, "password": "b"}
    refused = stranger.client.post("/login", data=data, headers=PAGE)
    assert refused.status_code == 413
    assert "<h1>Too large</h1>" in refused.text


@pytest.mark.parametrize("headers", [PAGE, {"Accept": "*/*"}])
def test_a_database_that_is_gone_is_told_in_words(
    admin: Visitor, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    """The page looks as its reader chose, which only the database knows."""

    def fail(*_: object) -> None:
        raise StorageUnavailable("no database")

    monkeypatch.setattr(users, "find_user", fail)
    admin.app.server.config["PROPAGATE_EXCEPTIONS"] = False
    refused = admin.client.get("/export/dictionary.csv", headers=headers)
    assert refused.status_code == 500
    assert refused.text.startswith("the server could not do it, and its log says why")
    assert refused.headers["X-Content-Type-Options"] == "nosniff"


def test_a_refusal_keeps_what_its_headers_say(admin: Visitor) -> None:
    token = admin.client.get_cookie("_csrf_token").value
    data = {"csrf_token": token}
    refused = admin.client.post("/export/dictionary.csv", data=data, headers=PAGE)
    assert refused.status_code == 405
    assert "GET" in refused.headers["Allow"]


def test_what_nobody_foresaw_is_told_on_a_page_without_its_reason(
    admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the inner workings")

    monkeypatch.setattr(export, "write_dictionary", fail)
    admin.app.server.config["PROPAGATE_EXCEPTIONS"] = False
    refused = admin.client.get("/export/dictionary.csv", headers=PAGE)
    assert refused.status_code == 500
    assert "<h1>Something went wrong</h1>" in refused.text
    assert "inner workings" not in refused.text


def test_every_callback_has_declared_who_may_run_it(house: House) -> None:
    house.visitor(Role.ADMIN)
    entries = house.app.callback_map.values()
    callbacks = [entry["callback"] for entry in entries if "callback" in entry]
    undeclared = [c for c in callbacks if not isinstance(getattr(c, "needs", None), Action)]
    open_to_all = {callback.__name__ for callback in undeclared}
    assert len(callbacks) > len(open_to_all)
    assert open_to_all == DASH_OWN


def test_every_route_has_declared_who_may_use_it(house: House) -> None:
    house.visitor()
    views = house.app.server.view_functions.items()
    undeclared = {
        name for name, view in views if not isinstance(getattr(view, "needs", None), Action)
    }
    dash_own = {name for name in undeclared if name.startswith(("/", "_dash"))}
    assert undeclared - dash_own == {"login", "logout", "password", "healthz"}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    ("path", "action"),
    [
        ("/adjudicate", Action.ADJUDICATE),
        ("/export", Action.EXPORT),
        ("/agreement", Action.SEE_AGREEMENT),
        ("/people", Action.MANAGE_PEOPLE),
        ("/jobs", Action.MANAGE_JOBS),
        ("/models", Action.MANAGE_MODELS),
        ("/worklists", Action.MANAGE_WORKLISTS),
    ],
)
def test_pages_are_shown_to_those_who_may_see_them(
    house: House, role: Role, path: str, action: Action
) -> None:
    shown = "Not for your role" not in house.visitor(role).page(path)
    assert shown == allows(role, action)


@pytest.mark.parametrize("path", ["/export/labels.csv", "/export/dictionary.csv"])
def test_a_clinician_gets_no_export(reader: Visitor, path: str) -> None:
    assert reader.get(path).status_code == 403


@pytest.mark.parametrize(
    ("function", "values"),
    [
        ("add", {"people-add": 1, "people-email": "x@example.org", "people-role": "admin"}),
        ("score", {"jobs-score": 1}),
        ("refresh", {"jobs-tick": 1}),
    ],
)
def test_a_clinician_cannot_run_what_is_an_administrators(
    reader: Visitor, function: str, values: dict[str, object]
) -> None:
    assert reader.call(function, values).status_code == 403


def test_pages_carry_a_policy_that_allows_no_foreign_script(reader: Visitor) -> None:
    for path in ("/", "/password"):
        headers = reader.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_scripts_and_sheets_are_kept_by_the_browser(reader: Visitor) -> None:
    page = reader.get("/").text
    linked = re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css)[^"]*)"', page)
    ours = [path for path in linked if path.startswith("/assets/")]
    libraries = [path for path in linked if path.startswith("/_dash-component-suites/")]
    assert ours and libraries
    for path in [*ours, *libraries]:
        headers = reader.get(path).headers
        assert "no-store" not in headers["Cache-Control"], path
        assert "Cookie" not in headers.get("Vary", ""), path
        assert "Set-Cookie" not in headers, path


def test_a_library_that_there_is_not_is_not_found(stranger: Visitor) -> None:
    for path in ("dash_ag_grid/x.js", "nothing/x.js"):
        assert stranger.get(f"/_dash-component-suites/{path}").status_code == 404


def test_a_missing_sheet_has_a_policy_and_no_cookie(stranger: Visitor) -> None:
    missing = stranger.client.get("/assets/nothing.css", headers=PAGE)
    assert missing.status_code == 404
    assert "default-src 'self'" in missing.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in missing.headers


def test_the_inline_scripts_of_a_page_are_those_of_its_policy(reader: Visitor) -> None:
    response = reader.get("/")
    inline = re.findall(r"<script>(.+?)</script>", response.text, re.DOTALL)
    hashes = re.findall(r"'sha256-[^']+'", response.headers["Content-Security-Policy"])
    assert len(hashes) >= len(inline) >= 1


def test_the_session_cookie_is_out_of_reach_of_scripts(stranger: Visitor) -> None:
    response = stranger.log_in("clinician@example.org")
    cookies = [c for c in response.headers.getlist("Set-Cookie") if "trustecg_session" in c]
    assert cookies and all("HttpOnly" in c and "SameSite=Lax" in c for c in cookies)


def test_health_is_told_to_anyone(stranger: Visitor) -> None:
    response = stranger.get("/healthz")
    assert (response.status_code, response.text) == (200, "ok\n")


@pytest.mark.parametrize("number", ["1; --", [1], None, 1.5, True, -1, 2**31, 10**30])
@pytest.mark.parametrize(
    ("function", "button"),
    [
        ("claim", {"act": "read", "worklist": 1}),
        ("close_worklist", {"act": "close", "worklist": 1}),
        ("cancel", {"act": "cancel", "job": 1}),
        ("cancel_run", {"act": "cancel-run", "job": 1}),
        ("act", {"act": "reset", "person": 1}),
    ],
)
def test_a_button_whose_id_was_forged_is_refused(
    admin: Visitor, function: str, button: dict[str, object], number: object
) -> None:
    forged = {key: number if value == 1 else value for key, value in button.items()}
    assert admin.press(function, forged).status_code == 400


@pytest.mark.parametrize("act", ["promote", ["reset"], None])
def test_an_act_that_there_is_not_is_refused(admin: Visitor, act: object) -> None:
    assert admin.press("act", {"act": act, "person": 1}).status_code == 400


@pytest.mark.parametrize(
    ("function", "values"),
    [
        ("lay_explanation_over", {"method": "shap", "explained-class": "MI"}),
        ("tell_explanation", {"method": "shap", "explained-class": "MI"}),
        ("offer_methods", {"explained-class": "MI"}),
        ("compare", {"compare": "2"}),
        ("show_paper", {"sheet": "3x4+1", "speed": "25", "gain": "10", "signal": "raw"}),
    ],
)
def test_an_ecg_without_a_number_is_refused(
    reader: Visitor, function: str, values: dict[str, str]
) -> None:
    assert reader.call(function, values, "1").status_code == 400  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("function", "values"),
    [
        ("hold", {"here": {"data": "words"}}),
        ("hold", {"here": {"data": {"ecg": None}}}),
        ("hold", {"here": {"data": {"ecg": 1}}, "held": {"data": [1]}}),
        ("undo", {"undo": 1, "location": {"pathname": 7}}),
        ("watch", {"export-tick": {"n_intervals": "x"}}),
        ("say_strategy", {"plan-strategy": {"value": "x"}}),
        ("promote", {"models-promote": 1, "models-chosen": {"data": ["x"]}}),
        ("promote", {"models-promote": 1, "models-chosen": {"data": "x"}, "models-why": 7}),
        ("roll_back", {"models-rollback": 1, "models-chosen": {"data": {"a": 1}}}),
        ("keep_gold", {"gold-keep": 1, "gold-csv": 7}),
        ("rows", {"worklist": {"getRowsRequest": "words"}}),
        ("rows", {"worklist": {"getRowsRequest": {"startRow": "x"}}}),
        ("rows", {"worklist": {"getRowsRequest": {"sortModel": 7}}}),
        ("rows", {"worklist": {"getRowsRequest": {"filterModel": "words"}}}),
    ],
)
def test_what_no_page_sends_is_refused(
    admin: Visitor, function: str, values: dict[str, object]
) -> None:
    assert admin.call(function, values).status_code == 400


@pytest.mark.parametrize(
    ("function", "values"),
    [
        ("save_draft", {"unsaved": {"data": {}}, "meta": {"data": 7}}),
        ("save_draft", {"unsaved": {"data": 7}, "meta": {"data": {"stage": "blind"}}}),
        ("save_draft", {"unsaved": {"data": {}}, "meta": {"data": {"stage": "blind"}}}),
        ("go_on", {"next": 1, "worklist-query": {"data": "words"}}),
        ("go_on", {"next": 1, "worklist-query": {"data": {"sort": [["age"]]}}}),
        ("go_on", {"next": 1, "worklist-query": {"data": {"filters": 7}}}),
        ("lay_out", {"ask": {"data": {"ecg": "x"}}}),
        ("settle", {"settle": 1, "settle-meta": {"data": "words"}}),
        ("settle", {"settle": 1, "settle-meta": {"data": {"key": "a", "started": 7}}}),
    ],
)
def test_what_no_page_of_an_ecg_sends_is_refused(
    house: House, function: str, values: dict[str, object]
) -> None:
    assert house.visitor(Role.ADJUDICATOR).call(function, values, 1).status_code == 400
