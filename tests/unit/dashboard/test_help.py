"""The sheet of keys."""

from collections import Counter

from dashboard.components.help import KEYS


def test_a_key_does_one_thing() -> None:
    uses = Counter(pressed for key in KEYS for pressed in key.pressed)
    assert [key for key, times in uses.items() if times > 1] == []
