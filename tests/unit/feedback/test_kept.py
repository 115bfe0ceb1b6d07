"""What is kept of one key, and what is worked out once of one value."""

import time
from collections.abc import Sequence
from threading import Barrier, Thread

import pytest

from feedback.kept import Kept, Once


def test_a_value_stands_for_its_key_alone() -> None:
    kept = Kept()
    assert [kept.of(key, lambda key=key: [key]) for key in (1, 1, 2, 1)] == [[1], [1], [2], [1]]
    assert kept.of(1, lambda: ["another"]) == [1]


def test_what_cannot_be_made_is_tried_again() -> None:
    kept, once = Kept(), Once()
    with pytest.raises(ZeroDivisionError):
        kept.of(1, lambda: 1 // 0)
    assert kept.of(1, lambda: 2) == 2

    def first_fails(tried: list[int]) -> int:
        tried.append(len(tried))
        return 1 // tried[-1]

    with pytest.raises(ZeroDivisionError):
        once.of(first_fails, tried := list[int]())
    assert once.of(first_fails, tried) == 1


def test_many_who_ask_at_once_have_one_result() -> None:
    kept, once, start, made = Kept(), Once(), Barrier(8), list[str]()
    found: list[tuple[object, Sequence[int]]] = []

    def slowly() -> object:
        made.append("value")
        time.sleep(0.02)  # in which all the others ask
        return object()

    def slowly_sorted(given: list[int]) -> list[int]:
        made.append("result")
        time.sleep(0.02)
        return sorted(given)

    def ask() -> None:
        start.wait()
        found.append((kept.of(1, slowly), once.of(slowly_sorted, [2, 1])))

    threads = [Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(found), sorted(made)) == (8, ["result", "value"])
    assert len({(id(value), id(result)) for value, result in found}) == 1


def test_each_work_has_its_own_result() -> None:
    once = Once()
    assert (once.of(min, (1, 2)), once.of(max, (1, 2)), once.of(min, (1, 2))) == (1, 2, 1)
