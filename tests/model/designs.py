"""Designs for the tests of the densities: random volumes, covariates and sites of any size; the first two regions are homologues."""

import numpy as np
import pandas as pd

from bayescov.cohort.table import Cohort
from bayescov.design import Design, prepare


def random_design(*, sizes=(9, 8, 7), regions=3, covariates="age", site=False, seed=0) -> Design:
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    ids = [f"s{i}" for i in range(n)]
    names = ["left-region", "right-region", *(f"region-{j}" for j in range(2, regions))][:regions]
    volumes = pd.DataFrame(np.exp(8 + 0.1 * rng.standard_normal((n, regions))), ids, names)
    group = np.repeat([f"group-{g}" for g in range(len(sizes))], sizes)
    people = pd.DataFrame(
        {
            "age": rng.uniform(20, 60, n),
            "icv": rng.uniform(1.3, 1.7, n),
            "scanner": np.resize(["A", "B", "C"], n),
        },
        index=ids,
    )
    cohort = Cohort.from_frames(volumes, group, control="group-0", covariates=people)
    return prepare(cohort, covariates=covariates, site="scanner" if site else None)
