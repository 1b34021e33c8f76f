"""Small designs and fits for the tests of storage and diagnostics: labels as in a real fit, draws from a seed."""

import numpy as np
import pandas as pd

from bayescov.cohort.table import Cohort
from bayescov.design import Design, prepare
from bayescov.model.spec import load_model
from bayescov.sampling.tree import assemble

REGIONS = ("Left-Thalamus", "Right-Thalamus", "Left-Putamen")


def small_design(*, seed=0, sizes=(14, 12, 11), regions=REGIONS, covariates="age + sex", site=None) -> Design:
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    ids = [f"{10**18 + i}" for i in range(n)]
    volumes = pd.DataFrame(np.exp(8 + 0.1 * rng.standard_normal((n, len(regions)))), ids, list(regions))
    group = np.repeat(["HC", "MS", "NMOSD"][: len(sizes)], sizes)
    people = pd.DataFrame(
        {
            "age": rng.uniform(20, 60, n),
            "sex": rng.choice(["F", "M"], n),
            "scanner": rng.choice(["A", "B", "C"], n),
        },
        index=ids,
    )
    cohort = Cohort.from_frames(volumes, group, control="HC", covariates=people)
    return prepare(cohort, covariates=covariates, site=site)


def small_fit(*, seed=1, chains=4, draws=250, model="pooled", design=None, cases=None, **changed):
    """A tree of independent draws; arrays in `changed` replace or add posterior variables, `cases` are correlations by name."""
    design = design or small_design()
    rng = np.random.default_rng(seed)
    groups, p = len(design.populations), len(design.regions)
    head = (chains, draws)
    posterior = {
        "correlation": np.tanh(0.5 * rng.standard_normal((*head, groups, p * (p - 1) // 2))),
        "sd": np.exp(0.1 * rng.standard_normal((*head, groups, p))),
        "mean": rng.standard_normal((*head, groups, p)),
        "mean_shift": rng.standard_normal((*head, groups - 1)),
        "mean_spread": np.abs(rng.standard_normal((*head, groups - 1))),
        "kappa": np.exp(rng.standard_normal(head)),
        **changed,
    }
    stats = {"diverging": np.zeros(head, dtype=bool), "n_steps": rng.integers(1, 30, head)}
    return assemble(
        design, load_model(model), posterior, sample_stats=stats, seed=seed, engine="nuts",
        structures={name: {"correlation": drawn} for name, drawn in (cases or {}).items()},
        settings={"draws": draws, "chains": chains}, cohort_attrs={"source": "a fake", "excluded": ["s1"]},
    )  # fmt: skip
