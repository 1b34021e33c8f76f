"""Fits made without a sampler: conjugate posteriors of simulated people, in the schema of a real fit."""

import numpy as np
import pandas as pd
import xarray as xr

import bayescov as bc
from bayescov.cohort.table import Cohort
from bayescov.design.edges import from_edges, to_edges
from bayescov.sampling.tree import assemble

FOURTEEN = [
    f"{side} {name}"
    for name in ("thalamus", "caudate", "putamen", "pallidum", "hippocampus", "amygdala", "accumbens")
    for side in ("left", "right")
]


def correlations(p: int, rng: np.random.Generator) -> np.ndarray:
    """Moderate positive correlations, homologues (neighbours) high."""
    loadings = rng.uniform(0.3, 0.6, size=(p, 1))
    matrix = loadings @ loadings.T
    for j in range(0, p - 1, 2):
        matrix[j, j + 1] = matrix[j + 1, j] = 0.75
    np.fill_diagonal(matrix, 1.0)
    values, vectors = np.linalg.eigh(matrix)
    matrix = vectors @ np.diag(np.maximum(values, 0.05)) @ vectors.T
    scale = np.sqrt(np.diag(matrix))
    return matrix / np.outer(scale, scale)


def fake_cohort(
    sizes: dict[str, int], *, regions: list[str], control: str, change: float, atrophy: float, seed: int
) -> Cohort:
    """People whose first patient group gained correlation and lost volume, and whose second lost correlation."""
    rng = np.random.default_rng(seed)
    p = len(regions)
    base = correlations(p, rng)
    rows, groups = [], []
    for k, (name, n) in enumerate(sizes.items()):
        step = {0: 0.0, 1: change, 2: -change}.get(k, 0.0)
        matrix = base.copy()
        if step:
            picked = rng.choice(p * (p - 1) // 2, size=min(8, p - 1), replace=False)
            edges = to_edges(matrix)
            edges[picked] += step
            matrix = from_edges(np.clip(edges, -0.9, 0.9))
            values, vectors = np.linalg.eigh(matrix)
            matrix = vectors @ np.diag(np.maximum(values, 0.05)) @ vectors.T
        y = rng.multivariate_normal(np.full(p, -atrophy if k == 1 else 0.0), matrix, size=n)
        rows.append(4000.0 * np.exp(0.1 * y))
        groups += [name] * n
    n_all = len(groups)
    return Cohort.from_frames(
        pd.DataFrame(np.vstack(rows), index=[f"sub-{i:03d}" for i in range(n_all)], columns=regions),
        groups,
        control=control,
        covariates=pd.DataFrame(
            {
                "age": rng.normal(40, 10, n_all).round(1),
                "sex": rng.choice(["F", "M"], n_all),
                "icv": rng.normal(1.5e6, 1.2e5, n_all).round(),
            }
        ),
        attrs={"source": "volumes.csv", "tool": "FreeSurfer", "unit": "mm3"},
    )


def fake_fit(
    *,
    sizes: dict[str, int] | None = None,
    regions: list[str] | None = None,
    change: float = 0.45,
    atrophy: float = 0.9,
    chains: int = 4,
    draws: int = 500,
    seed: int = 1,
    spoil: bool = False,
    structures: bool = False,
) -> xr.DataTree:
    """A fit of the schema: each group's exact inverse-Wishart posterior under a weak conjugate prior.

    With `spoil` the chains of one variable sit at different places and three transitions diverge. With `structures`
    the fit holds two special cases: its own draws, and draws whose patients are moved half the way to the controls.
    """
    sizes = sizes or {"HC": 34, "MS": 40, "NMOSD": 35}
    regions = regions or FOURTEEN
    cohort = fake_cohort(
        sizes, regions=regions, control=next(iter(sizes)), change=change, atrophy=atrophy, seed=seed
    )
    design = bc.prepare(cohort, covariates="age + sex + log(icv)")
    rng = np.random.default_rng(seed + 1)
    n_draws, p = chains * draws, len(regions)
    dummies, y = design.dummies(), design.y.values
    mean = np.empty((n_draws, len(sizes), p))
    covariance = np.empty((n_draws, len(sizes), p, p))
    for g, n in enumerate(design.sizes.astype(int)):
        own = y[dummies[:, g] == 1]
        scatter = (own - own.mean(0)).T @ (own - own.mean(0)) + np.eye(p)
        factor = np.linalg.cholesky(np.linalg.inv(scatter))
        z = factor @ rng.standard_normal((n_draws, p, n + p))
        covariance[:, g] = np.linalg.inv(z @ z.transpose(0, 2, 1))
        noise = rng.standard_normal((n_draws, p, 1))
        mean[:, g] = own.mean(0) + (np.linalg.cholesky(covariance[:, g] / n) @ noise)[..., 0]
    sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    correlation = to_edges(covariance / (sd[..., :, None] * sd[..., None, :]))
    if spoil:
        mean.reshape(chains, draws, -1, p)[0, :, 1, 0] += 5.0
    shaped = {
        "correlation": correlation,
        "sd": sd,
        "mean": mean,
        "slope": rng.normal(0, 0.1, (n_draws, len(design.covariates), p)),
        "mean_shift": rng.normal(0, 0.3, (n_draws, len(sizes) - 1)),
        "mean_spread": np.abs(rng.normal(0, 0.3, (n_draws, len(sizes) - 1))) + 0.05,
    }
    diverging = np.zeros((chains, draws), dtype=bool)
    diverging[0, :3] = spoil
    return assemble(
        design,
        bc.load_model("separate"),
        {name: values.reshape(chains, draws, *values.shape[1:]) for name, values in shaped.items()},
        seed=seed,
        engine="closed form",
        settings={"draws": draws, "chains": chains},
        sample_stats={"diverging": diverging},
        cohort_attrs=cohort.data.attrs,
        structures=_structures(correlation, chains) if structures else None,
    )


def _structures(correlation: np.ndarray, chains: int) -> dict[str, dict[str, np.ndarray]]:
    nearer = (correlation + correlation[:, :1]) / 2
    return {
        name: {"correlation": values.reshape(chains, -1, *values.shape[1:])}
        for name, values in (("pooled", nearer), ("sparse", correlation))
    }
