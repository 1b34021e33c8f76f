"""Log likelihood of each person given the rest of their group, the covariance integrated out.

With Sigma ~ InverseWishart(kappa + p + 1, kappa C) and residuals r_1 ... r_n of the group, the volumes of person i given
those of the others follow a multivariate t with kappa + n + 1 degrees of freedom and the scale matrix
(kappa C + S - r_i r_i') / (kappa + n + 1), S being the scatter of the whole group. One Cholesky factor of
A = kappa C + S serves all its people: with h = r_i' A^-1 r_i, |A - r_i r_i'| = |A| (1 - h).
"""

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import gammaln
from threadpoolctl import threadpool_limits

from bayescov.design import Design
from bayescov.posterior.draws import thinned
from bayescov.posterior.parameters import Parameters, parameters_of
from bayescov.posterior.people import log_density
from bayescov.sampling.tree import design_of, spec_of

__all__ = ["given_covariance", "leave_one_out_density", "log_likelihood"]

Floats = npt.NDArray[np.float64]

# Above this, the covariance is its centre to within rounding.
PRACTICALLY_INFINITE = 1e5


def log_likelihood(fit: xr.DataTree, *, draws: int = 2000) -> xr.DataArray:
    """Log density of each person's volumes, from which a person can be left out by importance sampling.

    Given the parameters and the *other* people of the group, the covariance (and, under a Student likelihood, the
    person's weight) integrated out, so that one person's own influence on them is gone: the compiled sampler records
    this. For fits that do not hold it (NUTS, thousands of people) it is computed where closed forms allow, and is
    given the covariance drawn otherwise.

    Parameters
    ----------
    fit : xarray.DataTree
        What `fit` returned.
    draws : int
        How many draws are used, evenly spaced and equally many of each chain.

    Returns
    -------
    xarray.DataArray
        (chain, draw, subject), in standardised volumes. ``attrs["given"]`` is ``"the rest of the group"`` or
        ``"the covariance"``.
    """
    chains = fit["posterior"].sizes["chain"]
    per_chain = min(max(1, draws // chains), fit["posterior"].sizes["draw"])
    design = design_of(fit)
    if "log_likelihood" in fit.children:
        stored = fit["log_likelihood"]["y"].transpose("chain", "draw", "subject").to_numpy()
        flat = stored.reshape(-1, stored.shape[-1])
        return _labelled(thinned(flat, chains * per_chain), chains, design, "the rest of the group")
    params = parameters_of(fit, chains * per_chain)
    center = _centers(fit, params) if params.dof is None and design.n_missing == 0 else None
    values = _given_covariance(params, design) if center is None else _given_others(params, center, design)
    return _labelled(values, chains, design, "the covariance" if center is None else "the rest of the group")


def given_covariance(fit: xr.DataTree, draws: int) -> Floats:
    """(draw, subject): log density of each person's volumes given the covariance drawn."""
    return _given_covariance(parameters_of(fit, draws), design_of(fit))


def leave_one_out_density(residuals: Floats, center: Floats, kappa: float) -> Floats:
    """(person,): log density of each row of `residuals` given the other rows, their covariance integrated out.

    Parameters
    ----------
    residuals : ndarray
        (person, region)
    center : ndarray
        (region, region): the prior mean of the covariance.
    kappa : float
        How many people the centre counts for; where it is practically infinite the covariance is the centre.
    """
    n, p = residuals.shape
    if kappa > PRACTICALLY_INFINITE:
        return log_density(residuals, center, None)
    root = np.linalg.cholesky(kappa * center + residuals.T @ residuals)
    white = np.linalg.solve(root, residuals.T)
    rest = np.log1p(-(white**2).sum(axis=0))  # log(1 - h)
    dof = kappa + n + 1
    constant = gammaln((dof + p) / 2) - gammaln(dof / 2) - p / 2 * np.log(np.pi)
    return np.asarray(constant - np.log(np.diag(root)).sum() - rest / 2 + (dof + p) / 2 * rest)


def _labelled(values: Floats, chains: int, design: Design, given: str) -> xr.DataArray:
    per_chain = len(values) // chains
    return xr.DataArray(
        values.reshape(chains, per_chain, -1),
        dims=("chain", "draw", "subject"),
        coords={
            "chain": np.arange(chains),
            "draw": np.arange(per_chain),
            "subject": np.array(design.subjects, object),
        },
        name="y",
        attrs={"given": given},
    )


@threadpool_limits.wrap(limits=1)
def _given_others(params: Parameters, center: tuple[Floats, Floats], design: Design) -> Floats:
    centers, kappa = center
    codes = design.population.values
    values = np.empty((len(params), len(codes)))
    for draw in range(len(params)):
        residuals = _residuals(params, draw, design)
        for g in range(len(design.populations)):
            values[draw, codes == g] = leave_one_out_density(
                residuals[codes == g], centers[draw, g], kappa[draw, g]
            )
    return values


@threadpool_limits.wrap(limits=1)
def _given_covariance(params: Parameters, design: Design) -> Floats:
    codes = design.population.values
    values = np.empty((len(params), len(codes)))
    for draw in range(len(params)):
        residuals = _residuals(params, draw, design)
        dof = None if params.dof is None else float(params.dof[draw])
        for g in range(len(design.populations)):
            values[draw, codes == g] = log_density(residuals[codes == g], params.covariance[draw, g], dof)
    return values


def _residuals(params: Parameters, draw: int, design: Design) -> Floats:
    site = None if design.site is None else design.site.values
    return np.asarray(
        design.y.values - params.locations(draw, design.x.values, design.population.values, site)
    )


def _centers(fit: xr.DataTree, params: Parameters) -> tuple[Floats, Floats] | None:
    """Prior means (draw, population, region, region) of the covariances and kappa (draw, population), if known."""
    spec = spec_of(fit)
    shape = params.mean.shape[:2]
    if spec.dense is None:
        return params.covariance, np.full(shape, np.inf)
    if spec.shared is None:
        kappa = np.full(shape, spec.dense.median) if spec.dense.width == 0 else _kappa(fit, shape)
        return np.broadcast_to(np.eye(params.mean.shape[2]), params.covariance.shape), kappa
    return None


def _kappa(fit: xr.DataTree, shape: tuple[int, ...]) -> Floats:
    """(draw, population): infinite values are allowed here."""
    posterior = fit["posterior"]
    spec = spec_of(fit)
    if "kappa" not in posterior.data_vars:
        return np.full(shape, np.inf if spec.dense is None else spec.dense.median)
    values = posterior["kappa"].transpose("chain", "draw", ...).to_numpy()
    flat = thinned(values.reshape(-1, *values.shape[2:]), shape[0])
    return np.asarray(np.broadcast_to(flat if flat.ndim == 2 else flat[:, None], shape), dtype=float)
