"""Accounts, passwords, and logins that are throttled."""

import re
import threading
import time
from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import func, select

from feedback import users
from feedback.db import Sessions, now
from feedback.errors import (
    ExpiredPassword,
    InvalidEmail,
    LastAdmin,
    TooManyAttempts,
    UnknownUser,
    UserExists,
    WeakPassword,
    WrongCredentials,
)
from feedback.tables import AuditEntry, LoginAttempt, Role, User

CHOSEN = "stroke the purple heron"


def made(sessions: Sessions, email: str = "ann@example.org", role: Role = Role.CLINICIAN):
    with sessions.begin() as session:
        return users.add_user(session, email, role, actor="test")


def login(sessions: Sessions, password: str, email: str = "ann@example.org", address: str = "::1"):
    return users.authenticate(sessions, email, password, address=address)


def attempts(sessions: Sessions) -> int:
    with sessions.read() as session:
        return session.scalar(select(func.count()).select_from(LoginAttempt)) or 0


def later(sessions: Sessions, minutes: int) -> None:
    """Let time pass, as far as the attempts can tell."""
    with sessions.begin() as session:
        for attempt in session.scalars(select(LoginAttempt)):
            attempt.at -= timedelta(minutes=minutes)


def test_a_new_account_has_a_random_password_to_be_changed(sessions: Sessions) -> None:
    first, second = made(sessions), made(sessions, "bob@example.org")
    assert first.password != second.password
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", first.password)
    assert first.user.must_change_password
    assert login(sessions, first.password).id == first.user.id


def test_the_password_is_stored_as_argon2_with_the_librarys_defaults(
    sessions: Sessions, slow_hashes: None
) -> None:
    new = made(sessions)
    assert new.password not in new.user.password_hash
    defaults = extract_parameters(PasswordHasher().hash("x"))
    assert extract_parameters(new.user.password_hash) == defaults


def test_an_address_is_taken_in_any_case(sessions: Sessions) -> None:
    new = made(sessions, " Ann@Example.ORG ")
    assert login(sessions, new.password, "ANN@example.org").email == "ann@example.org"
    with pytest.raises(UserExists) as refused:
        made(sessions, "ann@EXAMPLE.org")
    assert str(refused.value) == (
        "ann@example.org has an account: reset its password, or choose another address"
    )


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "@b", "a b@c.d", "a@b@c", "a\x00@b.c", "<b>a@b.c", '"a"@b.c']
)
def test_what_is_no_address_gets_no_account(sessions: Sessions, email: str) -> None:
    with pytest.raises(InvalidEmail) as refused:
        made(sessions, email)
    assert str(refused.value) == (
        f"{email!r} is not an e-mail address: give one like name@hospital.org"
    )


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@example.org", "wrong"),
        ("ann@example.org", ""),
        ("ann@example.org", "x" * 100_000),
        ("ann@example.org", "\ud800\x00"),
        ("nobody@example.org", "wrong"),
        ("\x00" * 1000, "wrong"),
        ("\ud800@x.org", "wrong"),
    ],
)
def test_wrong_credentials_say_the_same_and_are_counted(
    sessions: Sessions, email: str, password: str
) -> None:
    made(sessions)
    with pytest.raises(WrongCredentials) as refused:
        login(sessions, password, email)
    assert str(refused.value) == "e-mail and password do not match: check both and try again"
    assert attempts(sessions) == 1


def test_ten_failures_pause_an_account_for_a_while(sessions: Sessions) -> None:
    password = made(sessions).password
    for number in range(users.MAX_FAILURES_EMAIL):
        with pytest.raises(WrongCredentials):
            login(sessions, "wrong", address=f"10.0.0.{number}")
    with pytest.raises(TooManyAttempts) as refused:
        login(sessions, password)
    assert str(refused.value) == "too many failed logins: wait 15 minutes and try again"
    later(sessions, 16)
    login(sessions, password)


def test_a_success_forgives_the_failures_before_it(sessions: Sessions) -> None:
    password = made(sessions).password
    for _ in range(2):
        for _ in range(users.MAX_FAILURES_EMAIL - 1):
            with pytest.raises(WrongCredentials):
                login(sessions, "wrong")
        login(sessions, password)


def test_a_reset_lets_a_paused_person_in(sessions: Sessions) -> None:
    email = made(sessions).user.email
    for _ in range(users.MAX_FAILURES_EMAIL):
        with pytest.raises(WrongCredentials):
            login(sessions, "wrong")
    with sessions.begin() as session:
        new = users.reset_password(session, email, actor="test")
    login(sessions, new.password)


def test_one_address_that_tries_many_accounts_is_paused(sessions: Sessions) -> None:
    password = made(sessions).password
    for number in range(users.MAX_FAILURES_ADDRESS):
        with pytest.raises(WrongCredentials):
            login(sessions, "wrong", f"user{number}@example.org")
    with pytest.raises(TooManyAttempts):
        login(sessions, password)
    login(sessions, password, address="192.0.2.1")


def test_guesses_at_once_count_as_many(sessions: Sessions) -> None:
    made(sessions)
    outcomes: list[type] = []

    def guess() -> None:
        with pytest.raises((WrongCredentials, TooManyAttempts)) as refused:
            login(sessions, "wrong")
        outcomes.append(refused.type)

    threads = [threading.Thread(target=guess) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(WrongCredentials) == users.MAX_FAILURES_EMAIL


def test_a_chosen_password_ends_other_sessions(sessions: Sessions) -> None:
    new = made(sessions)
    changed = users.change_password(sessions, new.user.id, new.password, CHOSEN)
    assert not changed.must_change_password
    assert login(sessions, CHOSEN).id == new.user.id
    with pytest.raises(WrongCredentials):
        login(sessions, new.password)
    with sessions.read() as session:
        assert users.find_user(session, new.user.id, new.user.session_stamp) is None
        assert users.find_user(session, new.user.id, changed.session_stamp) is not None


def test_the_present_password_is_asked_for(sessions: Sessions) -> None:
    new = made(sessions)
    with pytest.raises(WrongCredentials) as refused:
        users.change_password(sessions, new.user.id, "wrong", CHOSEN)
    assert str(refused.value) == "the present password is another: type it again"


def test_guesses_at_the_present_password_are_counted_as_logins_are(sessions: Sessions) -> None:
    new = made(sessions)
    for _ in range(users.MAX_FAILURES_EMAIL):
        with pytest.raises(WrongCredentials):
            users.change_password(sessions, new.user.id, "wrong", CHOSEN, address="10.0.0.1")
    with pytest.raises(TooManyAttempts):
        users.change_password(sessions, new.user.id, new.password, CHOSEN, address="10.0.0.1")
    later(sessions, 16)
    users.change_password(sessions, new.user.id, new.password, CHOSEN)


def test_a_poor_new_password_is_no_failed_login(sessions: Sessions) -> None:
    new = made(sessions)
    for _ in range(users.MAX_FAILURES_EMAIL + 1):
        with pytest.raises(WeakPassword):
            users.change_password(sessions, new.user.id, new.password, "short")


def test_a_reset_meanwhile_is_not_undone_by_whoever_knew_the_old_password(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = made(sessions)

    def reset_meanwhile(*_: str) -> None:
        with sessions.begin() as session:
            users.reset_password(session, "ann@example.org", actor="test")

    monkeypatch.setattr(users, "_refuse_weak", reset_meanwhile)
    with pytest.raises(WrongCredentials) as refused:
        users.change_password(sessions, new.user.id, new.password, CHOSEN)
    assert str(refused.value) == "the password was changed meanwhile: sign in with the new one"
    with pytest.raises(WrongCredentials):
        login(sessions, CHOSEN)


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("elevenchars", "the new password has 11 characters: use at least 12"),
        ("x" * 1025, "the new password has 1025 characters: use at most 1024"),
        ("abababababab", "the new password is easily guessed: use several words"),
        ("ANN@example.org", "the new password is easily guessed: use several words"),
        ("passwordpassword", "the new password is easily guessed: use several words"),
        ("1234567890123", "the new password is easily guessed: use several words"),
        ("abcdefghijklm", "the new password is easily guessed: use several words"),
    ],
)
def test_a_weak_password_is_refused(sessions: Sessions, password: str, message: str) -> None:
    new = made(sessions)
    with pytest.raises(WeakPassword) as refused:
        users.change_password(sessions, new.user.id, new.password, password)
    assert str(refused.value) == message


def test_the_one_time_password_cannot_be_kept(sessions: Sessions) -> None:
    new = made(sessions)
    with pytest.raises(WeakPassword) as refused:
        users.change_password(sessions, new.user.id, new.password, new.password)
    assert str(refused.value) == "the new password is the old one: choose another"


def test_a_password_is_the_same_however_it_is_composed(sessions: Sessions) -> None:
    new = made(sessions)
    users.change_password(sessions, new.user.id, new.password, "A\u0308pfel und Birnen")
    login(sessions, "\u00c4pfel und Birnen")


def test_who_is_kept_out_is_out_at_once(sessions: Sessions) -> None:
    new = made(sessions)
    with sessions.begin() as session:
        users.set_active(session, new.user.id, False, actor="test")
    with pytest.raises(WrongCredentials):
        login(sessions, new.password)
    with sessions.read() as session:
        assert users.find_user(session, new.user.id, new.user.session_stamp) is None


def test_a_reset_gives_a_new_one_time_password(sessions: Sessions) -> None:
    old = made(sessions)
    with sessions.begin() as session:
        new = users.reset_password(session, "ann@example.org", actor="test")
    assert login(sessions, new.password).must_change_password
    with pytest.raises(WrongCredentials):
        login(sessions, old.password)


def run_out(sessions: Sessions) -> None:
    """Let a week pass, as far as one-time passwords can tell."""
    with sessions.begin() as session:
        for user in session.scalars(select(User).where(User.password_until.is_not(None))):
            user.password_until -= users.ONE_TIME


def test_a_one_time_password_runs_out_and_a_reset_gives_another(sessions: Sessions) -> None:
    old = made(sessions)
    assert timedelta(days=6) < old.until - now() <= timedelta(days=7)
    run_out(sessions)
    with pytest.raises(ExpiredPassword) as refused:
        login(sessions, old.password)
    assert str(refused.value) == (
        "this one-time password has run out: ask an administrator for another one, or run "
        "'trustecg user reset ann@example.org' on the server"
    )
    with pytest.raises(WrongCredentials):  # that an account waits is told to nobody else
        login(sessions, "wrong")
    with sessions.begin() as session:
        new = users.reset_password(session, "ann@example.org", actor="test")
    assert login(sessions, new.password).must_change_password


def test_a_chosen_password_does_not_run_out(sessions: Sessions) -> None:
    """A server of before 0015, still running, changes a password and leaves its end."""
    new = made(sessions)
    with sessions.begin() as session:
        session.get_one(User, new.user.id).must_change_password = False
    run_out(sessions)
    assert login(sessions, new.password).email == "ann@example.org"


def test_a_one_time_password_that_has_run_out_changes_nothing_either(sessions: Sessions) -> None:
    new = made(sessions)
    run_out(sessions)
    with pytest.raises(ExpiredPassword):
        users.change_password(sessions, new.user.id, new.password, "four quiet words")


def test_a_password_that_somebody_chose_does_not_run_out(sessions: Sessions) -> None:
    new = made(sessions)
    users.change_password(sessions, new.user.id, new.password, "four quiet words")
    run_out(sessions)
    assert not login(sessions, "four quiet words").must_change_password


@pytest.mark.parametrize("change", ["deactivate", "demote"])
def test_the_last_admin_stays(sessions: Sessions, change: str) -> None:
    admin = made(sessions, "boss@example.org", Role.ADMIN).user

    def apply() -> None:
        with sessions.begin() as session:
            if change == "deactivate":
                users.set_active(session, admin.id, False, actor="test")
            else:
                users.set_role(session, admin.id, Role.CLINICIAN, actor="test")

    with pytest.raises(LastAdmin) as refused:
        apply()
    assert str(refused.value) == (
        "boss@example.org is the only admin: make someone else admin first"
    )
    made(sessions, "deputy@example.org", Role.ADMIN)
    apply()
    with sessions.read() as session:
        assert users.has_admin(session)


def test_two_admins_who_demote_each_other_leave_one(sessions: Sessions) -> None:
    admins = [made(sessions, f"boss{n}@example.org", Role.ADMIN).user for n in range(2)]
    gate, outcomes = threading.Barrier(2), list[str]()

    def demote(user_id: int) -> None:
        gate.wait()
        try:
            with sessions.begin() as session:
                users.set_role(session, user_id, Role.CLINICIAN, actor="test")
                time.sleep(0.2)  # the other looks while this is not committed
            outcomes.append("demoted")
        except LastAdmin:
            outcomes.append("refused")

    threads = [threading.Thread(target=demote, args=(admin.id,)) for admin in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["demoted", "refused"]
    with sessions.read() as session:
        assert users.has_admin(session)


def test_somebody_whom_two_admins_add_at_once_is_added_once(sessions: Sessions) -> None:
    # SQLite has one writer anyway: only PostgreSQL lets the second see that there is nobody yet
    refused = list[str]()

    def follow() -> None:
        try:
            made(sessions)
        except UserExists as error:
            refused.append(str(error))

    second = threading.Thread(target=follow, daemon=True)
    with sessions.begin() as session:
        users.add_user(session, "ann@example.org", Role.ADJUDICATOR, actor="test")
        second.start()
        second.join(timeout=0.3)  # it has come to what the first one holds
        assert second.is_alive()
    second.join(timeout=30)
    assert refused == [
        "ann@example.org has an account: reset its password, or choose another address"
    ]
    with sessions.read() as session:
        assert users.by_email(session, "ann@example.org").role is Role.ADJUDICATOR


def test_nobody_there(sessions: Sessions) -> None:
    with sessions.read() as session:
        assert not users.has_admin(session)
        assert users.list_users(session) == []
        with pytest.raises(UnknownUser) as refused:
            users.by_email(session, "ann@example.org")
    assert str(refused.value) == (
        "'ann@example.org' has no account: check the address, or add it first"
    )


def test_what_is_done_to_people_is_on_record_without_any_password(sessions: Sessions) -> None:
    new = made(sessions)
    users.change_password(sessions, new.user.id, new.password, CHOSEN)
    with sessions.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(e.actor, e.action, e.subject) for e in entries] == [
        ("test", "user.add", "ann@example.org"),
        ("ann@example.org", "user.change_password", "ann@example.org"),
    ]
    assert not any(secret in str(e.detail) for e in entries for secret in (new.password, CHOSEN))


def test_old_attempts_are_forgotten(sessions: Sessions) -> None:
    password = made(sessions).password
    with pytest.raises(WrongCredentials):
        login(sessions, "wrong")
    later(sessions, 91 * 24 * 60)
    login(sessions, password)
    assert attempts(sessions) == 1
