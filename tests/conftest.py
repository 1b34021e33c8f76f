"""Shared by all tests: slow evidence is deselected unless asked for, and the real tables are found or skipped."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

# In continuous integration the same examples are drawn every time: a landing is judged by its change, not by luck.
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_collection_modifyitems(config, items):
    if config.option.markexpr:
        return
    slow = [item for item in items if "slow" in item.keywords]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if "slow" not in item.keywords]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real tables, or a skip that says so."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the real tables (../shared/data) are not on this machine")
    return SHARED
