"""Hypothesis strategies: people with awkward ids and believable volumes."""

import pandas as pd
from hypothesis import strategies as st

from tests.cohort.writers import NAMES, usual

__all__ = ["frames", "ids"]

_plain = st.text("abcXYZ0123456789-", min_size=1, max_size=12).filter(lambda s: s.strip("-") and s[0] != "-")
_digits = st.integers(10**18, 10**19 - 1).map(str)
_zeros = st.integers(0, 99).map(lambda i: f"{i:04d}")
_bids = st.integers(0, 999).map(lambda i: f"sub-{i:03d}")
ids = st.one_of(_plain, _digits, _zeros, _bids).filter(
    lambda s: s.lower() not in ("na", "nan", "n", "none", "null") and not s.lower().startswith(("ses", "run"))
)
"""Ids that a careless reader turns into numbers: 19 digits, leading zeros, and ordinary ones."""


@st.composite
def frames(draw, *, missing: bool = True, most: int = 5, names: list[str] | None = None) -> pd.DataFrame:
    """People (index) with volumes in mm3 (columns), some missing, never a whole row or column."""
    columns = names or NAMES
    people = draw(st.lists(ids, min_size=1, max_size=most, unique_by=str.lower))
    factor = st.floats(0.5, 1.8, allow_nan=False)
    digits = draw(st.integers(0, 6))
    rows = [[round(draw(factor) * usual(c), digits) for c in columns] for _ in people]
    frame = pd.DataFrame(rows, index=people, columns=columns, dtype=float)
    if missing:
        holes = draw(st.lists(st.tuples(st.sampled_from(people), st.sampled_from(columns[:-1])), max_size=3))
        for who, what in holes:
            if frame.loc[who].notna().sum() > 3 and frame[what].notna().sum() > 1:
                frame.loc[who, what] = float("nan")
    return frame
