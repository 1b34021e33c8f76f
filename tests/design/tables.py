"""Small cohorts for the tests of the design, and hypothesis strategies that make them."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from bayescov.cohort.table import Cohort

REGIONS = ("Left-Thalamus", "Right-Thalamus", "Left-Caudate")


def cohort(volumes=None, *, sizes=(12, 10), seed=0, covariates=None, **changes):
    """Two groups (HC, MS) with age, sex, site and head size; `changes` replace or add covariates."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    if volumes is None:
        volumes = np.exp(
            np.random.default_rng([seed, 1]).normal([9.0, 8.9, 8.2], [0.1, 0.1, 0.15], (n, len(REGIONS)))
        )
    table = pd.DataFrame(volumes, index=[f"s{i:02d}" for i in range(n)], columns=list(REGIONS))
    if covariates is None:
        covariates = pd.DataFrame(
            {
                "age": rng.uniform(20, 60, n).round(1),
                "sex": rng.permuted(np.resize(["F", "M"], n)),
                "icv": np.exp(rng.normal(14.2, 0.1, n)),
                "scanner": np.resize(["A", "B", "B"], n),
            }
        ).assign(**changes)
    group = np.repeat(["HC", "MS"], sizes)
    return Cohort.from_frames(table, list(group), control="HC", covariates=covariates)


factors = st.floats(1e-9, 1e9)
"""Constants by which a unit may change: cubic metres to cubic micrometres and beyond."""
