"""Whether anybody is about to read."""

from datetime import timedelta

import pytest

from feedback.db import Sessions, now
from feedback.presence import anybody_since
from feedback.tables import LoginAttempt, User
from tests.factories_readings import blind

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(("succeeded", "counts"), [(True, True), (False, False)])
def test_whoever_has_signed_in_is_about_to_read(
    library: Sessions, succeeded: bool, counts: bool
) -> None:
    assert not anybody_since(library, now() - MINUTE)
    attempt = LoginAttempt(email="a@b.c", address="::1", at=now(), succeeded=succeeded)
    with library.begin() as session:
        session.add(attempt)
    assert anybody_since(library, now() - MINUTE) is counts
    assert not anybody_since(library, now() + MINUTE)


def test_whoever_answers_is_reading(library: Sessions, reader: User) -> None:
    blind(library, reader.id, 1)
    assert anybody_since(library, now() - MINUTE)
    assert not anybody_since(library, now() + MINUTE)
