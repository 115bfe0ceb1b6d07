"""The trees at the top of the modules of errors are those of the classes below them."""

import re
from types import ModuleType

import pytest

import core.errors
import dashboard.errors
import feedback.errors

_BRANCH = re.compile(r"    ([│├└─ ]*)([A-Z]\w+)")
_STEP = 4  # characters that a branch is further to the right than what it grows from


def drawn(module: ModuleType) -> dict[str, str]:
    """The classes of the tree in the docstring, each with the one that it grows from."""
    parents, path = {}, [Exception.__name__]
    for line in (module.__doc__ or "").splitlines():
        if branch := _BRANCH.match(line):
            depth = len(branch[1]) // _STEP + 1
            path[depth:] = [branch[2]]
            parents[branch[2]] = path[depth - 1]
    return parents


def defined(module: ModuleType) -> dict[str, str]:
    """The classes of the module, each with its base."""
    classes = [one for one in vars(module).values() if isinstance(one, type)]
    return {
        one.__name__: one.__base__.__name__ for one in classes if one.__module__ == module.__name__
    }


@pytest.mark.parametrize("module", [core.errors, feedback.errors, dashboard.errors])
def test_every_class_stands_in_the_tree_below_its_base(module: ModuleType) -> None:
    assert drawn(module) == defined(module)
