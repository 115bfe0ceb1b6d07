"""How long work is told apart from work that hangs."""

from collections.abc import Callable

Progress = Callable[[int, int], object]  # what is done, and what there is in all
