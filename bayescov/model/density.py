r"""The log density of every model, written from its formulas in plain numpy and scipy: the referee of both engines.

A point is a dict of named arrays on the scale of the formulas (nothing transformed):

=====================  ================================  ======================================================
name                   shape                             meaning
=====================  ================================  ======================================================
``intercept``          (region)                          alpha
``mean_difference``    (patient, region)                 delta_g; `patient` = every group but the control
``mean_shift``         (patient)                         d_g
``mean_spread``        (patient)                         t_g
``mean_symmetry``      (patient)                         lambda_g; this and the next two where homologous regions are there
``mean_included``      (patient, region)                 1 where a structure differs: of left and right the same
``mean_share``         (patient)                         q_g
``slope``              (covariate, region)               B
``slope_mean``         (covariate)                       b_k
``slope_spread``       (covariate)                       s_k
``slope_symmetry``     (covariate)                       that of slopes
``site_effect``        (site but the first, region)
``site_spread``        ()                                u
``site_symmetry``      ()                                that of all sites
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
above the diagonal, not its Cholesky factor; `log_scale`, not D), and counting measure for `included` and
`mean_included`, for an infinite kappa, for a coupling of zero and for an attenuation of one. Every prior is normalised, but for
one constant in models with departures or couplings: the probability that all R*_g are positive definite.
"""

from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.special import betaln, gammaln

from bayescov.design import Design, from_edges, to_edges
from bayescov.errors import ModelError
from bayescov.model.priors import Floats, Point, prior_terms, take
from bayescov.model.spec import ModelSpec

__all__ = [
    "collapsed_log_likelihood", "log_density", "log_likelihood", "log_prior", "prior_centers", "residual_scatter",
]  # fmt: skip


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
        shared = from_edges(take(point, "shared_correlation"))
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
        total += p / 2 * float(np.log(take(point, "weight")).sum())
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
    coefficients = [take(point, "intercept"), *take(point, "mean_difference")]
    coefficients[1:] = [coefficients[0] + delta for delta in coefficients[1:]]
    if design.covariates:
        coefficients.extend(take(point, "slope"))
    if design.site is not None:
        coefficients.extend(take(point, "site_effect"))
    residuals = y - design.regressors() @ np.array(coefficients)
    weight = np.ones(len(y))
    if spec.likelihood.family == "student":
        weight = take(point, "weight")
    own = [design.population.values == g for g in range(len(design.populations))]
    return np.array([(residuals[i].T * weight[i]) @ residuals[i] for i in own])


def prior_centers(spec: ModelSpec, design: Design, point: Point) -> Floats:
    """D_g R*_g D_g for every population, (population, region, region); the identity where nothing is shared."""
    groups, p = len(design.populations), len(design.regions)
    if spec.shared is None:
        return np.broadcast_to(np.eye(p), (groups, p, p)).copy()
    edges = np.broadcast_to(take(point, "shared_correlation"), (groups, p * (p - 1) // 2)).copy()
    if spec.coupling is not None:
        edges[1:] = 1 - np.exp(-take(point, "coupling"))[:, None] * (1 - edges[1:])
    if spec.attenuation is not None:
        kept = take(point, "attenuation")
        edges[1:] *= to_edges(kept[:, :, None] * kept[:, None, :])
    if spec.sparse is not None:
        first = spec.first_departing(groups)
        moved = take(point, "included") * take(point, "departure")
        with np.errstate(divide="ignore", invalid="ignore"):  # a coupling may have left no correlation
            departed = np.tanh(np.arctanh(edges[first:]) + moved)
        edges[first:] = np.where(np.abs(edges[first:]) < 1, departed, edges[first:])
    scale = np.exp(take(point, "log_scale"))
    return scale[:, :, None] * from_edges(edges) * scale[:, None, :]


def _kappa(spec: ModelSpec, design: Design, point: Point) -> Floats:
    """One kappa a population."""
    if spec.dense is None:
        kappa: Any = np.inf
    elif spec.dense.width == 0:
        kappa = spec.dense.median
    else:
        kappa = take(point, "kappa")
    return np.broadcast_to(np.asarray(kappa, dtype=float), (len(design.populations),))


def _is_positive_definite(matrix: Floats) -> bool:
    return bool(np.linalg.eigvalsh(matrix)[0] > 0)
