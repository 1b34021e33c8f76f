"""Shared by all tests: slow evidence is deselected unless asked for, and the real tables are found or skipped."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


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
