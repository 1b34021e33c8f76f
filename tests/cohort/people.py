"""Frames of believable people for the tests, and what is said of them."""

import numpy as np
import pandas as pd
import pytest

from bayescov.cohort import read_cohort
from bayescov.errors import TableError
from tests.cohort.writers import NAMES, usual


def volumes(n: int, *, seed: int = 1, names: list[str] | None = None, prefix: str = "sub-") -> pd.DataFrame:
    """`n` people with lognormal volumes in mm3, one decimal."""
    rng = np.random.default_rng(seed)
    columns = names or NAMES
    noise = np.exp(0.1 * rng.standard_normal((n, len(columns))))
    table = np.round(noise * [usual(c) for c in columns], 1)
    return pd.DataFrame(table, index=[f"{prefix}{i:02d}" for i in range(1, n + 1)], columns=columns)


def table(n: int = 30, *, seed: int = 1, groups: tuple[str, ...] = ("HC", "MS")) -> pd.DataFrame:
    """A wide table with ids, groups, age and sex, as a study has it."""
    rng = np.random.default_rng(seed + 1000)
    frame = volumes(n, seed=seed).reset_index(names="participant_id")
    frame.insert(1, "group", [groups[i % len(groups)] for i in range(n)])
    frame.insert(2, "age", np.round(rng.uniform(20, 60, n), 1))
    frame.insert(3, "sex", rng.choice(["F", "M"], n))
    return frame


def said(checks, name: str):
    """The only check of that name."""
    found = [c for c in checks if c.name == name]
    assert len(found) == 1, (name, [c.name for c in checks])
    return found[0]


def problems(*args, **kwargs) -> str:
    """What `read_cohort` has against a table, every problem in one line."""
    with pytest.raises(TableError) as error:
        read_cohort(*args, **kwargs)
    return " | ".join(error.value.problems)
