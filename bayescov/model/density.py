r"""The log density of every model, written from its formulas in plain numpy and scipy: the referee of both engines.

A point is a dict of named arrays on the scale of the formulas (nothing transformed):

=====================  ================================  ======================================================
name                   shape                             meaning
=====================  ================================  ======================================================
``intercept``          (region)                          alpha
``mean_difference``    (patient, region)                 delta_g; `patient` = every group but the control
``mean_shift``         (patient)                         d_g
``mean_spread``        (patient)                         t_g
``slope``              (covariate, region)               B
``slope_mean``         (covariate)                       b_k
``slope_spread``       (covariate)                       s_k
``site_effect``        (site but the first, region)
``site_spread``        ()                                u
``log_scale``          (population, region)              log D_g
``spread_shift``       (patient)                         m_g
``spread_size``        (patient)                         v_g
``shared_correlation`` (edge)                            R_0 above the diagonal
``shared_level``       ()                                family "common": rho
``shared_scale``       (region)                          family "common": s, with s R_0 s inverse-Wishart
``kappa``              () or (population)                may be infinite where the model has an atom
``coupling``           (patient)                         c_g; zero where there is no shift of all correlations
``attenuation``        (patient, region)                 a_gi; one where a region keeps its correlations
``departure``          (departing, edge)                 Delta_g on Fisher's z scale; `departing` = every patient group,
                                                         or every population (`ModelSpec.first_departing`)
``included``           (departing, edge)                 1 where Delta_ge is not zero
``share``, ``size``    (departing)                       pi_g, tau_g
``weight``             (subject)                         student likelihood: w_i, covariance Sigma_g / w_i
``dof``                ()                                student likelihood: nu
``volume``             (subject, region)                 only where volumes are missing: y with values filled in
=====================  ================================  ======================================================

Densities are with respect to these numbers themselves (`kappa` and `size`, not their logarithms; the elements of R_0
above the diagonal, not its Cholesky factor; `log_scale`, not D), and counting measure for `included`, for an
infinite kappa, for a coupling of zero and for an attenuation of one. Every prior is normalised, but for one constant in models
with departures or couplings: the probability that all R*_g are positive definite.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from scipy.special import betaln, gammaln, multigammaln, xlog1py, xlogy
from scipy.stats import invwishart

from bayescov.design import Design, from_edges, to_edges
from bayescov.errors import ModelError
from bayescov.model.spec import ModelSpec

__all__ = [
    "collapsed_log_likelihood", "log_common_prior", "log_correlation_prior", "log_density", "log_likelihood", "log_prior", "prior_centers",
    "prior_terms", "residual_scatter",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Point = Mapping[str, Any]


def log_density(spec: ModelSpec, design: Design, point: Point) -> float:
    """Log prior plus log likelihood at a point, every Sigma_g integrated out.

    Parameters
    ----------
    spec : ModelSpec
        Any model: kappa infinite, one or one a population; departures; student likelihood.
    design : Design
    point : mapping of str to array
        See the table above. Names that the model does not have are ignored.

    Returns
    -------
    float
        Minus infinity outside the support (a correlation matrix that is not positive definite).

    Raises
    ------
    ModelError
        If the point lacks a parameter of the model.

    Examples
    --------
    >>> import bayescov as bc
    >>> from bayescov.model.density import log_density
    >>> from bayescov.model.forward import draw_point
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1))
    >>> spec = bc.load_model("pooled")
    >>> bool(log_density(spec, design, draw_point(spec, design, seed=1)) < 0)
    True
    """
    prior = log_prior(spec, design, point)
    return prior + log_likelihood(spec, design, point) if np.isfinite(prior) else prior


def log_prior(spec: ModelSpec, design: Design, point: Point) -> float:
    """Sum of `prior_terms`; minus infinity where R_0 or any R*_g is not positive definite."""
    centers = prior_centers(spec, design, point)
    if spec.shared is not None:
        shared = from_edges(_take(point, "shared_correlation"))
        if not all(_is_positive_definite(m) for m in [shared, *centers]):
            return -np.inf
    return float(sum(prior_terms(spec, design, point).values()))


def log_likelihood(spec: ModelSpec, design: Design, point: Point) -> float:
    """Log density of the volumes given the point, every Sigma_g integrated out."""
    p, kappa = len(design.regions), _kappa(spec, design, point)
    scatter, total = residual_scatter(spec, design, point), 0.0
    centers = prior_centers(spec, design, point)
    for g, size in enumerate(design.sizes):
        if np.isinf(kappa[g]):
            total += _normal_log_likelihood(scatter[g], size, centers[g])
        else:
            total += collapsed_log_likelihood(scatter[g], size, kappa[g] * centers[g], kappa[g] + p + 1)
    if spec.likelihood.family == "student":
        # each person's covariance is Sigma_g / w_i
        total += p / 2 * float(np.log(_take(point, "weight")).sum())
    return total


def collapsed_log_likelihood(scatter: Floats, size: float, psi: Floats, nu: float) -> float:
    r"""Log density of n rows of Normal(0, Sigma), Sigma ~ InverseWishart(nu, psi) integrated out.

    pi^(-n p / 2) Gamma_p((nu + n) / 2) / Gamma_p(nu / 2) |psi|^(nu / 2) / |psi + S|^((nu + n) / 2), with the ratios of
    gamma functions and of determinants taken together, so that a very large nu loses no digits.
    """
    p = len(psi)
    i = np.arange(p)
    gammas = gammaln(size / 2) - betaln((nu - i) / 2, size / 2)
    ratios = eigh(scatter, psi, eigvals_only=True)  # eigenvalues of psi^-1 S
    return float(
        -size * p / 2 * np.log(np.pi)
        + gammas.sum()
        - nu / 2 * np.log1p(ratios).sum()
        - size / 2 * np.linalg.slogdet(psi + scatter)[1]
    )


def _normal_log_likelihood(scatter: Floats, size: float, sigma: Floats) -> float:
    """Kappa infinite: Sigma_g is its centre itself."""
    return float(
        -size / 2 * (len(sigma) * np.log(2 * np.pi) + np.linalg.slogdet(sigma)[1])
        - np.trace(np.linalg.solve(sigma, scatter)) / 2
    )


def residual_scatter(spec: ModelSpec, design: Design, point: Point) -> Floats:
    """S_g = sum of w_i (y_i - mu_i)(y_i - mu_i)' over the people of each group, (population, region, region)."""
    y = np.asarray(point.get("volume", design.y.values), dtype=float)
    if np.isnan(y).any():
        raise ModelError("volumes are missing: the point needs 'volume', the table with values filled in")
    coefficients = [_take(point, "intercept"), *_take(point, "mean_difference")]
    coefficients[1:] = [coefficients[0] + delta for delta in coefficients[1:]]
    if design.covariates:
        coefficients.extend(_take(point, "slope"))
    if design.site is not None:
        coefficients.extend(_take(point, "site_effect"))
    residuals = y - design.regressors() @ np.array(coefficients)
    weight = np.ones(len(y))
    if spec.likelihood.family == "student":
        weight = _take(point, "weight")
    own = [design.population.values == g for g in range(len(design.populations))]
    return np.array([(residuals[i].T * weight[i]) @ residuals[i] for i in own])


def prior_centers(spec: ModelSpec, design: Design, point: Point) -> Floats:
    """D_g R*_g D_g for every population, (population, region, region); the identity where nothing is shared."""
    groups, p = len(design.populations), len(design.regions)
    if spec.shared is None:
        return np.broadcast_to(np.eye(p), (groups, p, p)).copy()
    edges = np.broadcast_to(_take(point, "shared_correlation"), (groups, p * (p - 1) // 2)).copy()
    if spec.coupling is not None:
        edges[1:] = 1 - np.exp(-_take(point, "coupling"))[:, None] * (1 - edges[1:])
    if spec.attenuation is not None:
        kept = _take(point, "attenuation")
        edges[1:] *= to_edges(kept[:, :, None] * kept[:, None, :])
    if spec.sparse is not None:
        first = spec.first_departing(groups)
        moved = _take(point, "included") * _take(point, "departure")
        with np.errstate(divide="ignore", invalid="ignore"):  # a coupling may have left no correlation
            departed = np.tanh(np.arctanh(edges[first:]) + moved)
        edges[first:] = np.where(np.abs(edges[first:]) < 1, departed, edges[first:])
    scale = np.exp(_take(point, "log_scale"))
    return scale[:, :, None] * from_edges(edges) * scale[:, None, :]


def prior_terms(spec: ModelSpec, design: Design, point: Point) -> dict[str, float]:
    """Log prior density of each named parameter, given those above it."""
    mean = spec.mean
    shift, spread = _take(point, "mean_shift"), _take(point, "mean_spread")
    terms: dict[str, Any] = {
        "intercept": _normal(_take(point, "intercept"), 0, mean.intercept_sd),
        "mean_shift": _normal(shift, 0, mean.shift_sd),
        "mean_spread": _half_normal(spread, mean.spread_scale),
        "mean_difference": _normal(_take(point, "mean_difference"), shift[:, None], spread[:, None]),
    }
    if design.covariates:
        shift, spread = _take(point, "slope_mean"), _take(point, "slope_spread")
        terms["slope_mean"] = _normal(shift, 0, mean.shift_sd)
        terms["slope_spread"] = _half_normal(spread, mean.spread_scale)
        terms["slope"] = _normal(_take(point, "slope"), shift[:, None], spread[:, None])
    if design.site is not None:
        spread = _take(point, "site_spread")
        terms["site_spread"] = _half_normal(spread, mean.site_scale)
        terms["site_effect"] = _normal(_take(point, "site_effect"), 0, spread)
    if spec.spread is not None:
        terms |= _spread_terms(spec, point)
    if spec.shared is not None:
        shared = from_edges(_take(point, "shared_correlation"))
        if spec.shared.family == "common":
            scale, level = _take(point, "shared_scale"), float(_take(point, "shared_level"))
            terms["shared_correlation"] = log_common_prior(shared, scale, level, spec.shared.eta)
            terms["shared_level"] = 0.0 if 0 < level < 1 else -np.inf
        else:
            terms["shared_correlation"] = log_correlation_prior(shared, spec.shared.family, spec.shared.eta)
    if spec.dense is not None and spec.dense.width > 0:
        terms["kappa"] = _kappa_terms(spec, point)
    if spec.coupling is not None:
        c = _take(point, "coupling")
        with np.errstate(divide="ignore"):
            nothing = np.log1p(-spec.coupling.share)
        shifted = np.log(spec.coupling.share) + _normal(c, 0.0, spec.coupling.scale)
        terms["coupling"] = np.where(c == 0, nothing, shifted)
    if spec.attenuation is not None:
        kept, share = _take(point, "attenuation"), spec.attenuation.share
        inside = np.where(kept == 1, 0.5, kept)
        lost = np.log(share) + _beta(inside, 1.0, spec.attenuation.shape)
        terms["attenuation"] = np.where(kept == 1, np.log1p(-share), lost)
    if spec.sparse is not None:
        terms |= _departure_terms(spec, point)
    if spec.likelihood.family == "student":
        dof, weight = _take(point, "dof"), _take(point, "weight")
        terms["dof"] = _gamma(dof - 2, spec.likelihood.dof_shape, spec.likelihood.dof_rate)
        terms["weight"] = _gamma(weight, dof / 2, dof / 2)
    return {name: float(np.sum(value)) for name, value in terms.items()}


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


def _spread_terms(spec: ModelSpec, point: Point) -> dict[str, Any]:
    assert spec.spread is not None
    control, *patients = _take(point, "log_scale")
    shift, size = _take(point, "spread_shift"), _take(point, "spread_size")
    ratio = np.array(patients) - control
    return {
        "spread_shift": _normal(shift, 0, spec.spread.shift_sd),
        "spread_size": _half_normal(size, spec.spread.spread_scale),
        "log_scale": _normal(control, 0, spec.spread.control_sd).sum()
        + _normal(ratio, shift[:, None], size[:, None]).sum(),
    }


def _kappa_terms(spec: ModelSpec, point: Point) -> Floats:
    assert spec.dense is not None
    kappa = _take(point, "kappa")
    atom = spec.dense.atom
    finite = np.where(np.isinf(kappa), 1.0, kappa)
    density = _log_normal(finite, spec.dense.median, spec.dense.width) + np.log1p(-atom)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(np.isinf(kappa), np.log(atom), density))


def _departure_terms(spec: ModelSpec, point: Point) -> dict[str, Any]:
    sparse = spec.sparse
    assert sparse is not None
    share, size = _take(point, "share")[:, None], _take(point, "size")[:, None]
    included, departure = _take(point, "included"), _take(point, "departure")
    return {
        "share": _beta(share, sparse.share_a, sparse.share_b),
        "size": _log_normal(size, sparse.size_median, sparse.size_width),
        "included": xlogy(included, share) + xlog1py(1 - included, -share),
        "departure": np.where(included == 1, _normal(departure, 0, size), 0.0),
    }


def _kappa(spec: ModelSpec, design: Design, point: Point) -> Floats:
    """One kappa a population."""
    if spec.dense is None:
        kappa: Any = np.inf
    elif spec.dense.width == 0:
        kappa = spec.dense.median
    else:
        kappa = _take(point, "kappa")
    return np.broadcast_to(np.asarray(kappa, dtype=float), (len(design.populations),))


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


def _is_positive_definite(matrix: Floats) -> bool:
    return bool(np.linalg.eigvalsh(matrix)[0] > 0)


def _take(point: Point, name: str) -> Any:
    if name not in point:
        raise ModelError(f"the point lacks {name!r} (it has: {', '.join(sorted(point))})")
    return np.asarray(point[name], dtype=float)
