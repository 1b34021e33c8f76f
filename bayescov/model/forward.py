"""Draws from the models themselves, forwards: first the parameters, then volumes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import invwishart

from bayescov.design import Design, to_edges
from bayescov.errors import ModelError
from bayescov.model.density import prior_centers
from bayescov.model.priors import homologous_correlation
from bayescov.model.sections import SharedPrior
from bayescov.model.spec import ModelSpec

__all__ = ["draw_correlation_matrix", "draw_covariances", "draw_point", "draw_shared", "draw_volumes"]

Floats = npt.NDArray[np.float64]
Seed = int | np.random.SeedSequence | np.random.Generator
MOST_TRIES = 100_000


def draw_point(spec: ModelSpec, design: Design, *, seed: Seed) -> dict[str, Any]:
    """Every parameter of a model from its prior, named as in `bayescov.model.density`.

    Parameters
    ----------
    spec : ModelSpec
    design : Design
        For the sizes: groups, regions, covariates, sites, subjects. Its volumes are not looked at.
    seed : int, SeedSequence or Generator

    Returns
    -------
    dict of str to array
        In models with departures or couplings the whole tuple is drawn again until every R*_g is positive definite,
        which is what their prior says.

    Raises
    ------
    ModelError
        If 100,000 tries give no positive definite matrices.
    """
    rng = np.random.default_rng(seed)
    for _ in range(MOST_TRIES):
        point = _means(spec, design, rng) | _covariances(spec, design, rng) | _people(spec, design, rng)
        settled = spec.sparse is None and spec.coupling is None
        if settled or np.linalg.eigvalsh(prior_centers(spec, design, point)).min() > 0:
            return point
    raise ModelError(
        f"model {spec.name!r}: {MOST_TRIES:,} draws from the prior gave no positive definite matrices; make the "
        "departures and couplings fewer (share) or smaller (size, scale)"
    )


def draw_covariances(spec: ModelSpec, design: Design, point: Mapping[str, Any], *, seed: Seed) -> Floats:
    """Sigma_g of every population given a point of the prior: (population, region, region)."""
    rng = np.random.default_rng(seed)
    p, centers = len(design.regions), prior_centers(spec, design, point)
    kappa = np.broadcast_to(point["kappa"] if spec.dense is not None else np.inf, len(centers))
    drawn = [
        center if np.isinf(k) else invwishart(k + p + 1, k * center).rvs(random_state=rng)
        for k, center in zip(kappa, centers, strict=True)
    ]
    return np.array(drawn).reshape(centers.shape)


def draw_volumes(
    spec: ModelSpec, design: Design, point: Mapping[str, Any], covariances: Floats, *, seed: Seed
) -> Floats:
    """Standardised volumes of the design's people, (subject, region), given a point and the Sigma_g."""
    rng = np.random.default_rng(seed)
    mean = point["intercept"] + np.vstack([np.zeros(len(design.regions)), point["mean_difference"]])
    blocks = [mean]
    if design.covariates:
        blocks.append(point["slope"])
    if design.site is not None:
        blocks.append(point["site_effect"])
    noise = rng.standard_normal(design.y.shape)
    if spec.likelihood.family == "student":
        noise /= np.sqrt(point["weight"])[:, None]
    roots = np.linalg.cholesky(covariances)[design.population.values]
    return np.asarray(design.regressors() @ np.vstack(blocks) + np.einsum("ijk,ik->ij", roots, noise))


def draw_correlation_matrix(p: int, family: str, eta: float, *, seed: Seed) -> Floats:
    """A correlation matrix from LKJ(eta) or from the marginally uniform family (see `SharedPrior`)."""
    rng = np.random.default_rng(seed)
    if family == "marginal":
        sigma = np.reshape(invwishart(p - 1 + 2 * eta, np.eye(p)).rvs(random_state=rng), (p, p))
        scale = np.sqrt(np.diag(sigma))
        return np.asarray(sigma / np.outer(scale, scale))
    # the onion: row by row of the Cholesky factor, a uniform direction and a beta length
    root = np.zeros((p, p))
    root[0, 0] = 1.0
    for row in range(1, p):
        square = rng.beta(row / 2, eta + (p - 1 - row) / 2)
        direction = rng.standard_normal(row)
        root[row, :row] = np.sqrt(square) * direction / np.linalg.norm(direction)
        root[row, row] = np.sqrt(1 - square)
    matrix = root @ root.T
    np.fill_diagonal(matrix, 1.0)
    return np.asarray(matrix)


def _means(spec: ModelSpec, design: Design, rng: np.random.Generator) -> dict[str, Any]:
    prior, p, patients = spec.mean, len(design.regions), len(design.patients)
    point: dict[str, Any] = {"intercept": rng.normal(0, prior.intercept_sd, p)}
    point["mean_shift"] = rng.normal(0, prior.shift_sd, patients)
    point["mean_spread"] = np.abs(rng.normal(0, prior.spread_scale, patients))
    symmetry = _symmetry(spec, design, patients, rng)
    point["mean_difference"] = _around_homologues(
        point["mean_shift"], point["mean_spread"], symmetry, design, rng
    )
    if design.homologues:
        point["mean_symmetry"] = symmetry
    if spec.focal is not None:
        share = rng.beta(spec.focal.share_a, spec.focal.share_b, patients)
        differs = (rng.random((patients, p)) < share[:, None]).astype(np.int8)
        for left, right in design.homologues:
            differs[:, right] = differs[:, left]
        point |= {"mean_share": share, "mean_included": differs}
        same = spec.focal.same_sd * rng.standard_normal((patients, p))
        point["mean_difference"] = np.where(differs == 1, point["mean_difference"], same)
    if design.covariates:
        count = len(design.covariates)
        point["slope_mean"] = rng.normal(0, prior.shift_sd, count)
        point["slope_spread"] = np.abs(rng.normal(0, prior.spread_scale, count))
        symmetry = _symmetry(spec, design, count, rng)
        point["slope"] = _around_homologues(point["slope_mean"], point["slope_spread"], symmetry, design, rng)
        if design.homologues:
            point["slope_symmetry"] = symmetry
    if design.site is not None:
        count = len(design.sites) - 1
        point["site_spread"] = np.abs(rng.normal(0, prior.site_scale))
        symmetry = np.repeat(_symmetry(spec, design, 1, rng), count)
        spread = np.repeat(point["site_spread"], count)
        point["site_effect"] = _around_homologues(np.zeros(count), spread, symmetry, design, rng)
        if design.homologues:
            point["site_symmetry"] = symmetry[0]
    return point


def _symmetry(spec: ModelSpec, design: Design, count: int, rng: np.random.Generator) -> Floats:
    if not design.homologues:
        return np.zeros(count)
    return rng.beta(spec.mean.symmetry_a, spec.mean.symmetry_b, count)


def _around_homologues(
    shift: Floats, spread: Floats, symmetry: Floats, design: Design, rng: np.random.Generator
) -> Floats:
    """Rows Normal(shift, spread) in which left and right of a structure correlate with `symmetry`."""
    drawn = [
        rng.multivariate_normal(np.full(len(design.regions), m), s**2 * homologous_correlation(design, c))
        for m, s, c in zip(shift, spread, symmetry, strict=True)
    ]
    return np.reshape(drawn, (len(shift), len(design.regions)))


def _around(shift: Floats, spread: Floats, p: int, rng: np.random.Generator) -> Floats:
    return np.asarray(shift[:, None] + spread[:, None] * rng.standard_normal((len(shift), p)))


def _covariances(spec: ModelSpec, design: Design, rng: np.random.Generator) -> dict[str, Any]:
    p, patients = len(design.regions), len(design.patients)
    point: dict[str, Any] = {}
    if spec.spread is not None:
        control = rng.normal(0, spec.spread.control_sd, p)
        point["spread_shift"] = rng.normal(0, spec.spread.shift_sd, patients)
        point["spread_size"] = np.abs(rng.normal(0, spec.spread.spread_scale, patients))
        ratio = _around(point["spread_shift"], point["spread_size"], p, rng)
        point["log_scale"] = np.vstack([control, control + ratio])
    if spec.shared is not None:
        point |= draw_shared(spec.shared, p, rng)
    if spec.dense is not None:
        shape = (patients + 1,) if spec.dense.per_population else ()
        kappa = np.exp(np.log(spec.dense.median) + spec.dense.width * rng.standard_normal(shape))
        point["kappa"] = np.where(rng.random(shape) < spec.dense.atom, np.inf, kappa)
    if spec.coupling is not None:
        shifted = rng.random(patients) < spec.coupling.share
        point["coupling"] = np.where(shifted, spec.coupling.scale * rng.standard_normal(patients), 0.0)
    if spec.attenuation is not None:
        lost = rng.random((patients, p)) < spec.attenuation.share
        point["attenuation"] = np.where(lost, rng.beta(1.0, spec.attenuation.shape, (patients, p)), 1.0)
    if spec.sparse is not None:
        sparse, edges = spec.sparse, p * (p - 1) // 2
        departing = patients + 1 - spec.first_departing(patients + 1)
        point["share"] = rng.beta(sparse.share_a, sparse.share_b, departing)
        point["size"] = np.exp(
            np.log(sparse.size_median) + sparse.size_width * rng.standard_normal(departing)
        )
        point["included"] = (rng.random((departing, edges)) < point["share"][:, None]).astype(np.int8)
        drawn = point["size"][:, None] * rng.standard_normal((departing, edges))
        point["departure"] = point["included"] * drawn
    return point


def draw_shared(prior: SharedPrior, p: int, rng: np.random.Generator) -> dict[str, Any]:
    """R_0 of p regions as edges, and what else its prior draws with it."""
    if prior.family != "common":
        return {"shared_correlation": to_edges(draw_correlation_matrix(p, prior.family, prior.eta, seed=rng))}
    level = rng.random()
    psi = (1 - level) * np.eye(p) + level
    sigma = np.reshape(invwishart(p - 1 + 2 * prior.eta, psi).rvs(random_state=rng), (p, p))
    scale = np.sqrt(np.diag(sigma))
    correlation = to_edges(sigma / np.outer(scale, scale))
    return {"shared_level": np.asarray(level), "shared_scale": scale, "shared_correlation": correlation}


def _people(spec: ModelSpec, design: Design, rng: np.random.Generator) -> dict[str, Any]:
    if spec.likelihood.family != "student":
        return {}
    dof = 2 + rng.gamma(spec.likelihood.dof_shape, 1 / spec.likelihood.dof_rate)
    return {"dof": np.asarray(dof), "weight": rng.gamma(dof / 2, 2 / dof, len(design.subjects))}
