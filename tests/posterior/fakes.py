"""Small fits in the schema of the real ones, made from stated matrices: no sampler is needed to test answers."""

import numpy as np
import pandas as pd
from scipy.stats import invwishart

from bayescov.cohort.table import Cohort
from bayescov.design import prepare, to_edges
from bayescov.model import load_model
from bayescov.sampling.tree import assemble


def random_correlations(rng, shape, p, people=30):
    """Sample correlation matrices of `people` people under one random truth, (*shape, p, p)."""
    loading = rng.normal(size=(p, 2))
    truth = loading @ loading.T + np.eye(p)
    root = np.linalg.cholesky(truth)
    data = rng.normal(size=(*shape, people, p)) @ root.T
    scatter = np.swapaxes(data, -1, -2) @ data
    scale = np.sqrt(np.diagonal(scatter, axis1=-2, axis2=-1))
    return scatter / (scale[..., :, None] * scale[..., None, :])


def fake_design(rng, regions, sizes):
    """A design of random volumes; `sizes` maps each group to its number of people, the control first."""
    group = [g for g, n in sizes.items() for _ in range(n)]
    table = np.exp(rng.normal(8.0, 0.1, size=(len(group), len(regions))))
    frame = pd.DataFrame(table, index=[f"s{i}" for i in range(len(group))], columns=list(regions))
    return prepare(Cohort.from_frames(frame, group, control=next(iter(sizes))))


def fake_fit(correlation, *, design, structures=None, model="separate", **variables):
    """A DataTree with the groups and dims of a fit; `correlation` is (chain, draw, population, edge)."""
    shape = (*correlation.shape[:2], len(design.populations), len(design.regions))
    posterior = {"correlation": correlation, "mean": np.zeros(shape), "sd": np.ones(shape), **variables}
    return assemble(
        design,
        load_model(model) if isinstance(model, str) else model,
        posterior,
        seed=1,
        engine="gibbs",
        settings={},
        structures={name: {"correlation": values} for name, values in (structures or {}).items()},
    )


def conjugate_fit(design, rng, *, chains=2, draws=150, model="separate"):
    """Exact draws of means and covariances under flat priors and no covariates; more people than regions."""
    p, codes, y = len(design.regions), design.population.values, design.y.values
    total = chains * draws
    covariance, mean = (
        np.empty((total, len(design.populations), p, p)),
        np.empty((total, len(design.populations), p)),
    )
    for g in range(len(design.populations)):
        own = y[codes == g]
        center = own.mean(axis=0)
        scatter = (own - center).T @ (own - center)
        covariance[:, g] = invwishart(len(own) - 1, scatter).rvs(total, random_state=rng)
        noise = rng.normal(size=(total, p, 1))
        mean[:, g] = center + (np.linalg.cholesky(covariance[:, g]) @ noise)[..., 0] / np.sqrt(len(own))
    sd = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    correlation = to_edges(covariance / (sd[..., :, None] * sd[..., None, :]))
    shape = (chains, draws)
    return fake_fit(
        correlation.reshape(*shape, *correlation.shape[1:]),
        design=design,
        mean=mean.reshape(*shape, *mean.shape[1:]),
        sd=sd.reshape(*shape, *sd.shape[1:]),
        model=model,
    )


def design_from(y, sizes, *, covariates=None, formula="", site=None):
    """A design (identity transform) of the rows of `y`, groups one after another, the control first."""
    group = [g for g, n in sizes.items() for _ in range(n)]
    frame = pd.DataFrame(
        y, index=[f"s{i}" for i in range(len(y))], columns=[f"R{j}" for j in range(y.shape[1])]
    )
    cohort = Cohort.from_frames(frame, group, control=next(iter(sizes)), covariates=covariates)
    return prepare(cohort, covariates=formula, transform="identity", site=site)


def doubted(better, error=0.0):
    """A connection added in every draw, which the sparse structure denies; it foretells the people `better` in all."""
    rng = np.random.default_rng(2)
    design = fake_design(rng, [f"R{i}" for i in range(3)], {"HC": 6, "A": 6})
    correlation = np.full((2, 50, 2, 3), 0.2)
    correlation[:, :, 0, 0], correlation[:, :, 1, 0] = 0.05, 0.9
    against = correlation.copy()
    against[:, :, 0, 0] = 0.9
    fit = fake_fit(correlation, design=design, structures={"sparse": against})
    fit["structure_sparse"].attrs |= {"log_predictive_gain": better, "log_predictive_gain_se": error}
    return fit
