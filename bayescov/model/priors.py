"""Log prior density of every parameter, given those above it; what each is and on which scale, see `bayescov.model.density`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln, multigammaln, xlog1py, xlogy
from scipy.stats import invwishart, multivariate_normal

from bayescov.design import Design, from_edges
from bayescov.errors import ModelError
from bayescov.model.sections import AttenuationPrior, CouplingPrior, FocalPrior
from bayescov.model.spec import ModelSpec

__all__ = [
    "homologous_correlation", "log_attenuation_prior", "log_common_prior", "log_correlation_prior", "log_coupling_prior",
    "prior_terms", "take",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Point = Mapping[str, Any]


def prior_terms(spec: ModelSpec, design: Design, point: Point) -> dict[str, float]:
    """Log prior density of each named parameter, given those above it."""
    terms = _mean_terms(spec, design, point)
    if spec.spread is not None:
        terms |= _spread_terms(spec, point)
    if spec.shared is not None:
        shared = from_edges(take(point, "shared_correlation"))
        if spec.shared.family == "common":
            scale, level = take(point, "shared_scale"), float(take(point, "shared_level"))
            terms["shared_correlation"] = log_common_prior(shared, scale, level, spec.shared.eta)
            terms["shared_level"] = 0.0 if 0 < level < 1 else -np.inf
        else:
            terms["shared_correlation"] = log_correlation_prior(shared, spec.shared.family, spec.shared.eta)
    if spec.dense is not None and spec.dense.width > 0:
        terms["kappa"] = _kappa_terms(spec, point)
    if spec.coupling is not None:
        terms["coupling"] = log_coupling_prior(take(point, "coupling"), spec.coupling)
    if spec.attenuation is not None:
        terms["attenuation"] = log_attenuation_prior(take(point, "attenuation"), spec.attenuation)
    if spec.sparse is not None:
        terms |= _departure_terms(spec, point)
    if spec.likelihood.family == "student":
        dof, weight = take(point, "dof"), take(point, "weight")
        terms["dof"] = _gamma(dof - 2, spec.likelihood.dof_shape, spec.likelihood.dof_rate)
        terms["weight"] = _gamma(weight, dof / 2, dof / 2)
    return {name: float(np.sum(value)) for name, value in terms.items()}


def _mean_terms(spec: ModelSpec, design: Design, point: Point) -> dict[str, Any]:
    mean = spec.mean
    terms: dict[str, Any] = {"intercept": _normal(take(point, "intercept"), 0, mean.intercept_sd)}
    around = {"mean": ("mean_shift", "mean_difference")}
    if design.covariates:
        around["slope"] = ("slope_mean", "slope")
    for name, (average, rows) in around.items():
        shift = take(point, average)
        terms[average] = _normal(shift, 0, mean.shift_sd)
        terms[f"{name}_spread"] = _half_normal(take(point, f"{name}_spread"), mean.spread_scale)
        if name == "mean" and spec.focal is not None:
            differs = take(point, "mean_included") == 1
            terms |= _focal_terms(spec.focal, design, point, differs)
            departures = take(point, rows) - np.where(differs, shift[:, None], 0.0)
            terms[rows] = _rows(design, point, name, departures, differs, spec.focal.same_sd)
        else:
            terms[rows] = _rows(design, point, name, take(point, rows) - shift[:, None])
    if design.site is not None:
        terms["site_spread"] = _half_normal(take(point, "site_spread"), mean.site_scale)
        terms["site_effect"] = _rows(design, point, "site", take(point, "site_effect"))
    if design.homologues:
        for name in [*around, *(["site"] if design.site is not None else [])]:
            symmetry = take(point, f"{name}_symmetry")
            terms[f"{name}_symmetry"] = _beta(symmetry, mean.symmetry_a, mean.symmetry_b)
    return terms


def _focal_terms(prior: FocalPrior, design: Design, point: Point, differs: Bools) -> dict[str, Any]:
    """Which structures differ, left and right together, with probability q_g."""
    share = take(point, "mean_share")
    each = np.where(differs[:, _structure_heads(design)], np.log(share)[:, None], np.log1p(-share)[:, None])
    torn = any((differs[:, left] != differs[:, right]).any() for left, right in design.homologues)
    return {
        "mean_share": _beta(share, prior.share_a, prior.share_b),
        "mean_included": np.full_like(each, -np.inf) if torn else each,
    }


def _structure_heads(design: Design) -> npt.NDArray[np.int64]:
    """The regions that stand for their structure: all but the second of two homologues."""
    second = {right for _, right in design.homologues}
    return np.array([j for j in range(len(design.regions)) if j not in second], dtype=np.int64)


def _rows(
    design: Design, point: Point, name: str, x: Floats, differs: Bools | None = None, same_sd: float = 0.0
) -> Floats:
    """Log density of each row (row, region): what differs, or all, Normal(0, spread^2 C), the rest Normal(0, same_sd^2).

    C is one, and the symmetry between homologues.
    """
    differs = np.ones(x.shape, dtype=bool) if differs is None else differs
    spread = np.broadcast_to(take(point, f"{name}_spread"), len(x))
    symmetry = np.broadcast_to(take(point, f"{name}_symmetry") if design.homologues else 0.0, len(x))
    return np.array(
        [
            multivariate_normal(
                cov=np.where(np.outer(on, on), s**2 * homologous_correlation(design, c), 0.0)
                + np.diag(np.where(on, 0.0, same_sd**2))
            ).logpdf(row)
            for row, s, c, on in zip(x, spread, symmetry, differs, strict=True)
        ]
    )


def homologous_correlation(design: Design, symmetry: float) -> Floats:
    """(region, region): one on the diagonal, `symmetry` between left and right of a structure, zero elsewhere."""
    matrix = np.eye(len(design.regions))
    for left, right in design.homologues:
        matrix[left, right] = matrix[right, left] = symmetry
    return matrix


def log_correlation_prior(correlation: Floats, family: str, eta: float) -> float:
    """Normalised log density of a correlation matrix: LKJ(eta), or that of InverseWishart(p - 1 + 2 eta, I)."""
    p = len(correlation)
    logdet = np.linalg.slogdet(correlation)[1]
    if family == "lkj":
        k = np.arange(1, p)
        constant = (p - 1) * gammaln(eta + (p - 1) / 2)
        constant -= np.sum(k / 2 * np.log(np.pi) + gammaln(eta + (p - 1 - k) / 2))
        return float(constant + (eta - 1) * logdet)
    nu = p - 1 + 2 * eta
    return float(
        p * gammaln(nu / 2)
        - multigammaln(nu / 2, p)
        - (nu + p + 1) / 2 * logdet
        - nu / 2 * np.log(np.diag(np.linalg.inv(correlation))).sum()
    )


def log_common_prior(correlation: Floats, scale: Floats, level: float, eta: float) -> float:
    """Log density of (R_0, s): s R_0 s ~ InverseWishart(p - 1 + 2 eta, (1 - level) I + level 11')."""
    p = len(correlation)
    psi = (1 - level) * np.eye(p) + level
    covariance = scale[:, None] * correlation * scale
    # |d(s R s) / d(R, s)| = 2^p prod s^p
    jacobian = p * np.log(2) + p * np.log(scale).sum()
    return float(invwishart(p - 1 + 2 * eta, psi).logpdf(covariance) + jacobian)


def log_coupling_prior(coupling: Floats, prior: CouplingPrior) -> Floats:
    """Log density of each coupling, zero by counting measure."""
    with np.errstate(divide="ignore"):
        nothing = np.log1p(-prior.share)
    return np.where(coupling == 0, nothing, np.log(prior.share) + _normal(coupling, 0.0, prior.scale))


def log_attenuation_prior(attenuation: Floats, prior: AttenuationPrior) -> Floats:
    """Log density of what each region keeps, one by counting measure."""
    inside = np.where(attenuation == 1, 0.5, attenuation)
    lost = np.log(prior.share) + _beta(inside, 1.0, prior.shape)
    return np.where(attenuation == 1, np.log1p(-prior.share), lost)


def _spread_terms(spec: ModelSpec, point: Point) -> dict[str, Any]:
    assert spec.spread is not None
    control, *patients = take(point, "log_scale")
    shift, size = take(point, "spread_shift"), take(point, "spread_size")
    ratio = np.array(patients) - control
    return {
        "spread_shift": _normal(shift, 0, spec.spread.shift_sd),
        "spread_size": _half_normal(size, spec.spread.spread_scale),
        "log_scale": _normal(control, 0, spec.spread.control_sd).sum()
        + _normal(ratio, shift[:, None], size[:, None]).sum(),
    }


def _kappa_terms(spec: ModelSpec, point: Point) -> Floats:
    assert spec.dense is not None
    kappa = take(point, "kappa")
    atom = spec.dense.atom
    finite = np.where(np.isinf(kappa), 1.0, kappa)
    density = _log_normal(finite, spec.dense.median, spec.dense.width) + np.log1p(-atom)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(np.isinf(kappa), np.log(atom), density))


def _departure_terms(spec: ModelSpec, point: Point) -> dict[str, Any]:
    sparse = spec.sparse
    assert sparse is not None
    share, size = take(point, "share")[:, None], take(point, "size")[:, None]
    included, departure = take(point, "included"), take(point, "departure")
    return {
        "share": _beta(share, sparse.share_a, sparse.share_b),
        "size": _log_normal(size, sparse.size_median, sparse.size_width),
        "included": xlogy(included, share) + xlog1py(1 - included, -share),
        "departure": np.where(included == 1, _normal(departure, 0, size), 0.0),
    }


def _normal(x: Floats, mean: Any, sd: Any) -> Floats:
    return np.asarray(-((x - mean) ** 2) / (2 * sd**2) - np.log(sd) - np.log(2 * np.pi) / 2)


def _half_normal(x: Floats, scale: float) -> Floats:
    return np.where(x >= 0, np.log(2) + _normal(x, 0.0, scale), -np.inf)


def _log_normal(x: Floats, median: float, width: float) -> Floats:
    """Density of x, not of its logarithm: hence the - log x."""
    return _normal(np.log(x), np.log(median), width) - np.log(x)


def _gamma(x: Floats, shape: Any, rate: Any) -> Floats:
    return np.asarray(shape * np.log(rate) - gammaln(shape) + xlogy(shape - 1, x) - rate * x)


def _beta(x: Floats, a: float, b: float) -> Floats:
    return np.asarray(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b))


def take(point: Point, name: str) -> Any:
    """A parameter of a point, as an array of floats."""
    if name not in point:
        raise ModelError(f"the point lacks {name!r} (it has: {', '.join(sorted(point))})")
    return np.asarray(point[name], dtype=float)
