"""The examples in the docstrings of the light rooms run as written."""

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

import bayescov

ROOMS = ("cohort", "design", "model.spec", "simulate", "report.words")
MODULES = sorted(
    info.name
    for info in walk_packages(bayescov.__path__, "bayescov.")
    if info.name.removeprefix("bayescov.").startswith(ROOMS)
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name):
    result = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert result.failed == 0


def test_there_are_examples():
    parser = doctest.DocTestFinder(exclude_empty=True)
    found = sum(bool(t.examples) for name in MODULES for t in parser.find(import_module(name)))
    assert found > 10
