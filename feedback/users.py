"""People: accounts, passwords, and logins that are throttled in the database."""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from feedback import audit
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
from feedback.policy import Action, allows
from feedback.tables import LoginAttempt, Role, User
from feedback.text import storable

PASSWORD_MIN = 12
PASSWORD_MAX = 1024  # longer ones only keep the hash function busy
ONE_TIME = timedelta(days=7)  # that a password is good for which an admin has seen
WINDOW = timedelta(minutes=15)
MAX_FAILURES_EMAIL = 10  # within the window, since the last success
MAX_FAILURES_ADDRESS = 50  # within the window: a ward may share one address
_KEPT = timedelta(days=90)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread: no 0 o 1 l i
_CHARACTER = r"[^@\s\x00-\x1f<>()\[\],;:\"\\]"
_EMAIL = re.compile(rf"{_CHARACTER}{{1,64}}@{_CHARACTER}{{1,255}}")
_hasher = PasswordHasher()  # argon2id with the library's defaults (RFC 9106, low memory)


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account and its one-time password, which is kept nowhere else."""

    user: User
    password: str
    until: datetime  # from then on it opens nothing


def add_user(session: Session, email: str, role: Role, *, actor: str) -> NewUser:
    """Make an account whose random password must be changed at the first login.

    Raises InvalidEmail or UserExists.
    """
    address, until = _normal(email), now() + ONE_TIME
    if not _EMAIL.fullmatch(address):
        raise InvalidEmail(f"{email!r} is not an e-mail address: give one like name@hospital.org")
    _refuse_known(session, address)
    password = one_time_password()
    user = User(
        email=address,
        role=role,
        password_hash=_hasher.hash(_bytes(password)),
        must_change_password=True,
        password_until=until,
        active=True,
        session_stamp=_stamp(),
        created_at=now(),
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:  # on PostgreSQL: another administrator was quicker
        _refuse_known(session, address)
        raise
    audit.record(session, actor, "user.add", address, role=role)
    return NewUser(user, password, until)


def authenticate(sessions: Sessions, email: str, password: str, *, address: str) -> User:
    """The person with this e-mail and password.

    Raises WrongCredentials, TooManyAttempts, or ExpiredPassword for a one-time password that is
    right and too old.

    The attempt is stored as a failure before the password is looked at, so that many guesses
    at once count as many. Hashing, which takes a third of a second, holds no transaction.
    """
    email, address = as_stored(email), _clip(address, 64)
    with sessions.begin() as session:
        _refuse_flood(session, email, address)
        attempt = LoginAttempt(email=email, address=address, at=now(), succeeded=False)
        session.add(attempt)
        user = session.scalar(select(User).where(User.email == email))
    hashed = user.password_hash if user else _hash_of_nobody()
    right = _matches(hashed, password)
    if user is None or not right or not user.active:
        raise WrongCredentials("e-mail and password do not match: check both and try again")
    if has_run_out(user):
        raise ExpiredPassword(
            "this one-time password has run out: ask an administrator for another one, or run "
            f"'trustecg user reset {user.email}' on the server"
        )
    with sessions.begin() as session:
        session.merge(attempt).succeeded = True
        session.execute(delete(LoginAttempt).where(LoginAttempt.at < now() - _KEPT))
    return user


def change_password(
    sessions: Sessions, user_id: int, old: str, new: str, *, address: str = ""
) -> User:
    """Set a password that the person chose; all their sessions end but the one that reloads it.

    Raises WrongCredentials for a wrong ``old``, which counts as a failed login: at a screen that
    was left open nobody guesses without end. TooManyAttempts, WeakPassword for a poor ``new``.
    """
    with sessions.read() as session:
        email = get_user(session, user_id).email
    try:
        known = authenticate(sessions, email, old, address=address)
    except WrongCredentials:
        raise WrongCredentials("the present password is another: type it again") from None
    _refuse_weak(new, old, email)
    hashed = _hasher.hash(_bytes(new))
    with sessions.begin() as session:
        user = session.get_one(User, user_id, with_for_update=True)
        if user.password_hash != known.password_hash:  # a reset meanwhile has shut ``old`` out
            raise WrongCredentials("the password was changed meanwhile: sign in with the new one")
        user.password_hash, user.must_change_password = hashed, False
        user.password_until = None
        user.session_stamp = _stamp()
        audit.record(session, user.email, "user.change_password", user.email)
    return user


def reset_password(session: Session, email: str, *, actor: str) -> NewUser:
    """Give an account a new one-time password and end its sessions; raises UnknownUser."""
    user = by_email(session, email)
    password, until = one_time_password(), now() + ONE_TIME
    user.password_hash, user.must_change_password = _hasher.hash(_bytes(password)), True
    user.password_until = until
    user.session_stamp = _stamp()
    session.execute(delete(LoginAttempt).where(LoginAttempt.email == user.email))  # let them in
    audit.record(session, actor, "user.reset_password", user.email)
    return NewUser(user, password, until)


def set_active(session: Session, user_id: int, active: bool, *, actor: str) -> User:
    """Let a person in, or keep them out and end their sessions; raises UnknownUser, LastAdmin."""
    user = get_user(session, user_id)
    if not active:
        _keep_one_admin(session, user)
    user.active, user.session_stamp = active, _stamp()
    audit.record(session, actor, "user.set_active", user.email, active=active)
    return user


def set_role(session: Session, user_id: int, role: Role, *, actor: str) -> User:
    """Give a person another role; raises UnknownUser, LastAdmin."""
    user = get_user(session, user_id)
    if role is not Role.ADMIN:
        _keep_one_admin(session, user)
    user.role = role
    audit.record(session, actor, "user.set_role", user.email, role=role)
    return user


def prefer(session: Session, user_id: int, **choices: object) -> None:
    """Keep a person's choices of how things look, beside those made earlier."""
    user = get_user(session, user_id)
    user.preferences = {**(user.preferences or {}), **choices}


def find_user(session: Session, user_id: int, stamp: str) -> User | None:
    """The active person of a session, None where the account or the session has ended."""
    user = session.get(User, user_id)
    if user is None or not user.active:
        return None
    return user if secrets.compare_digest(user.session_stamp, stamp) else None


def get_user(session: Session, user_id: int) -> User:
    """The account of this id, or UnknownUser."""
    user = session.get(User, user_id)
    if user is None:
        raise UnknownUser(f"no account has the id {user_id}: choose one of the list")
    return user


def by_email(session: Session, email: str) -> User:
    """The account of an address, or UnknownUser."""
    user = session.scalar(select(User).where(User.email == as_stored(email)))
    if user is None:
        raise UnknownUser(f"{email!r} has no account: check the address, or add it first")
    return user


def as_stored(email: str) -> str:
    """An address that somebody typed, as accounts have it."""
    return _clip(_normal(email), 320)


def list_users(session: Session) -> Sequence[User]:
    """All accounts by address."""
    return session.scalars(select(User).order_by(User.email)).all()


def has_admin(session: Session) -> bool:
    """Whether there is an active admin."""
    return session.scalar(select(func.count()).select_from(_admins().subquery())) != 0


def count_readers(session: Session) -> int:
    """How many people with an active account may read ECGs."""
    roles = [role for role in Role if allows(role, Action.READ)]
    readers = select(func.count()).select_from(User).where(User.active, User.role.in_(roles))
    return session.scalar(readers) or 0


def has_run_out(user: User) -> bool:
    """Whether the password of this account is a one-time one that was not used in time."""
    if not user.must_change_password or user.password_until is None:
        return False
    return user.password_until <= now()


def one_time_password() -> str:
    """Four groups of four characters, 79 bits of chance."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def _refuse_known(session: Session, address: str) -> None:
    if session.scalar(select(User.id).where(User.email == address)) is not None:
        raise UserExists(f"{address} has an account: reset its password, or choose another address")


def _admins() -> Select[int]:
    return select(User.id).where(User.role == Role.ADMIN, User.active).order_by(User.id)


def _keep_one_admin(session: Session, user: User) -> None:
    """Refuse to lose the last one; admins stay locked, so that no two take each other's office."""
    admins = session.scalars(_admins().with_for_update()).all()
    if list(admins) == [user.id]:
        raise LastAdmin(f"{user.email} is the only admin: make someone else admin first")


def _refuse_flood(session: Session, email: str, address: str) -> None:
    """Count failures; whoever tries from this address or for this e-mail waits their turn."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        for kind, name in enumerate((address, email)):
            session.execute(select(func.pg_advisory_xact_lock(kind, func.hashtext(name))))
    since = now() - WINDOW
    last_success = select(func.max(LoginAttempt.at)).where(
        LoginAttempt.email == email, LoginAttempt.succeeded
    )
    of_email = _failures(LoginAttempt.email == email, since).where(
        LoginAttempt.at > func.coalesce(last_success.scalar_subquery(), since)
    )
    of_address = _failures(LoginAttempt.address == address, since)
    if (session.scalar(of_email) or 0) >= MAX_FAILURES_EMAIL or (
        session.scalar(of_address) or 0
    ) >= MAX_FAILURES_ADDRESS:
        minutes = int(WINDOW.total_seconds() // 60)
        raise TooManyAttempts(f"too many failed logins: wait {minutes} minutes and try again")


def _failures(of: ColumnElement[bool], since: datetime) -> Select[int]:
    return (
        select(func.count())
        .select_from(LoginAttempt)
        .where(of, ~LoginAttempt.succeeded, LoginAttempt.at > since)
    )


def _refuse_weak(new: str, old: str, email: str) -> None:
    if len(new) < PASSWORD_MIN:
        raise WeakPassword(
            f"the new password has {len(new)} characters: use at least {PASSWORD_MIN}"
        )
    if len(new) > PASSWORD_MAX:
        raise WeakPassword(
            f"the new password has {len(new)} characters: use at most {PASSWORD_MAX}"
        )
    if _is_easy(new) or _normal(new) in (email, email.partition("@")[0]):
        raise WeakPassword("the new password is easily guessed: use several words")
    if new == old:
        raise WeakPassword("the new password is the old one: choose another")


def _is_easy(new: str) -> bool:
    """Whether it is a few characters, one part again and again, or a row such as 1234567890."""
    steps = {ord(second) - ord(first) for first, second in pairwise(new)}
    return len(set(new)) < 5 or new in (new + new)[1:-1] or len(steps) <= 2


def _matches(hashed: str, password: str) -> bool:
    if len(password) > PASSWORD_MAX:
        return False
    try:
        return _hasher.verify(hashed, _bytes(password))
    except VerificationError:
        return False


def _bytes(password: str) -> bytes:
    """The same bytes for the same characters, however a keyboard composes them (NIST 800-63B)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@cache
def _hash_of_nobody() -> str:
    """Verified where there is no account, so that time does not tell which addresses exist."""
    return _hasher.hash(secrets.token_hex())


def _normal(email: str) -> str:
    return email.strip().lower()


def _clip(text: str, length: int) -> str:
    """Whatever a stranger typed, as something that any database stores."""
    return storable(text)[:length]


def _stamp() -> str:
    return secrets.token_hex(16)
