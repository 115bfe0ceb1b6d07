"""The decisions: one number a page, and no reference to a page that is not there."""

import re
from collections import Counter

from tests.readme import README, REPOSITORY

DECISIONS = REPOSITORY / "docs" / "decisions"
PAGES = {page.stem for page in DECISIONS.glob("*.md")}
ROOMS = ("core", "feedback", "dashboard", "migrations")


def test_no_two_decisions_have_one_number():
    numbers = Counter(page[:4] for page in PAGES)
    assert [number for number, pages in numbers.items() if pages > 1] == []


def test_every_decision_that_is_referred_to_is_there():
    sources = [README, *(path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py"))]
    named = {
        page
        for source in sources
        for page in re.findall(r"docs/decisions/([\w-]+)", source.read_text(encoding="utf-8"))
    }
    assert named
    assert named - PAGES == set()


def test_every_decision_that_another_one_refers_to_is_there():
    named = {
        page
        for decision in DECISIONS.glob("*.md")
        for page in re.findall(r"\]\(([\w-]+)\.md\)", decision.read_text(encoding="utf-8"))
    }
    assert named - PAGES == set()
