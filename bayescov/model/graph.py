"""A declared model and a design -> a PyMC graph with named dimensions."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.transforms import Transform

from bayescov.design import Design, to_edges
from bayescov.design.edges import edge_coordinates, edge_pairs
from bayescov.errors import ModelError
from bayescov.model.forward import draw_correlation_matrix
from bayescov.model.operations import correlation_terms, edges_of_free, scatter_logdet
from bayescov.model.priors import log_correlation_prior
from bayescov.model.spec import ModelSpec

__all__ = ["build_model", "cross_product_factors", "graph_data", "require_sampleable"]

Floats = npt.NDArray[np.float64]


def build_model(spec: ModelSpec, design: Design) -> pm.Model:
    r"""The PyMC graph of a model without departures at single edges.

    Every Sigma_g is integrated out (`bayescov.model.density` has the formula); given the rest it is
    InverseWishart(nu + n_g, kappa S* + S_g) exactly. The volumes enter through the triangular factors of the groups'
    cross-products of [y, 1, x, sites], so that the cost of a gradient does not grow with the number of people.

    Parameters
    ----------
    spec : ModelSpec
        Normal likelihood, a finite kappa, no [sparse] section: `separate`, `pooled` and relatives.
    design : Design
        Without missing volumes.

    Returns
    -------
    pymc.Model
        Dimensions ``population`` (control first), ``patient``, ``region``, ``edge``, ``covariate``, ``site`` (all but
        the first), ``subject``. Named as in `bayescov.model.density`: ``intercept``, ``mean_shift``, ``mean_spread``,
        ``mean_difference``, ``slope``, ``log_scale``, ``shared_correlation``, ``kappa`` and so on; the free variables
        ``*_offset`` are standard normal, ``intercept_mixed`` is the intercept in other coordinates.
        ``cross_products`` is observed: one factor a population. The ``pm.Data`` (`graph_data`) can be replaced by
        those of other people.

    Raises
    ------
    ModelError
        If the model has indicators or an infinite kappa, another likelihood, or volumes are missing.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1), covariates="age")
    >>> sorted(bc.build_model(bc.load_model("separate"), design).named_vars_to_dims["slope"])
    ['covariate', 'region']
    """
    require_sampleable(spec, design)
    with pm.Model(coords=_coords(design)) as model:
        data = graph_data(design)
        terms = data["factor"].shape[-1]
        factor = pm.Data("factor", data["factor"], dims=("population", "term", "term_of"))
        size = pm.Data("size", data["size"], dims="population")
        mixing = pm.Data("mixing", data["mixing"], dims=("region", "region_of"))
        mean, common = _means(spec, design, mixing)
        log_scale = _log_scale(spec, design)
        edges = _shared(spec, design)
        log_kappa = _log_kappa(spec, design)
        pm.CustomDist(
            "cross_products",
            mean, common, log_scale, edges, log_kappa, size,
            logp=partial(_collapsed, p=len(design.regions)),
            signature=f"(r),(k,r),(r),(e),(),()->({terms},{terms})",
            observed=factor,
            dims=("population", "term", "term_of"),
        )  # fmt: skip
    return model


def require_sampleable(spec: ModelSpec, design: Design) -> None:
    """Say in a sentence why a graph cannot stand for this model and these data."""
    reasons = []
    if spec.shared is not None and spec.shared.family == "common":
        reasons.append('learns the level of R_0 (shared.family = "common")')
    if spec.attenuation is not None:
        reasons.append("has regions that may come loose or not ([attenuation])")
    if spec.focal is not None:
        reasons.append("has structures that may hardly differ ([focal])")
    if spec.coupling is not None:
        reasons.append("has shifts that may be exactly zero ([coupling])")
    if spec.sparse is not None:
        reasons.append("has departures at single edges ([sparse])")
    elif spec.dense is None:
        reasons.append("has no [dense] section")
    if spec.dense is not None and spec.dense.atom > 0:
        reasons.append("gives kappa = infinity a probability (dense.atom)")
    if spec.likelihood.family != "normal":
        reasons.append(f"has the likelihood {spec.likelihood.family!r}")
    if reasons:
        raise ModelError(
            f"the PyMC graph does not cover the model {spec.name!r}: it {', '.join(reasons)}; use engine='gibbs'"
        )
    if design.n_missing:
        subject, region = np.argwhere(np.isnan(design.y.values))[0]
        raise ModelError(
            f"{design.n_missing} volumes are missing (the first: {design.regions[region]} of subject "
            f"{design.subjects[subject]}), and the PyMC graph does not fill them in; use engine='gibbs'"
        )


def graph_data(design: Design) -> dict[str, Floats]:
    """What the graph knows of the volumes.

    Returns
    -------
    dict of str to array
        ``factor``: see `cross_product_factors`. ``size`` (population). ``mixing`` (region, region): a lower-triangular
        factor of the covariance pooled over the groups, along which the sampler moves the intercepts of all regions at
        once; it changes no density.
    """
    regressors, y = design.regressors(), design.y.values
    residuals = y - regressors @ np.linalg.lstsq(regressors, y, rcond=None)[0]
    covariance = residuals.T @ residuals / len(y)
    regular = 0.9 * covariance + 0.1 * np.diag(np.diag(covariance) + 1e-6)
    return {
        "factor": cross_product_factors(design), "size": design.sizes, "mixing": np.linalg.cholesky(regular),
    }  # fmt: skip


def cross_product_factors(design: Design) -> Floats:
    """R_g with R_g' R_g = the cross-products of [y, 1, x, sites] in each group: (population, term, term)."""
    regressors = design.regressors()[:, len(design.populations) :]
    table = np.hstack([design.y.values, np.ones((len(regressors), 1)), regressors])
    terms = table.shape[1]
    factors = np.zeros((len(design.populations), terms, terms))
    for g in range(len(design.populations)):
        triangle = np.linalg.qr(table[design.population.values == g], mode="r")
        factors[g, : len(triangle)] = triangle
    return factors


def _coords(design: Design) -> dict[str, Any]:
    terms = [*design.regions, "1", *design.covariates, *design.sites[1:]]
    coords = {
        "population": design.populations,
        "patient": design.patients,
        "region": design.regions,
        "region_of": design.regions,
        "edge": list(edge_coordinates(design.regions)["edge"]),  # type: ignore[call-overload]
        "covariate": design.covariates,
        "site": design.sites[1:],
        "subject": design.subjects,
        "term": [f"{i}: {term}" for i, term in enumerate(terms)],
        "term_of": [f"{i}: {term}" for i, term in enumerate(terms)],
    }
    return {name: values for name, values in coords.items() if len(values)}


def exact(number: float) -> Floats:
    """A constant in double precision: PyTensor takes a Python number such as 1.5 for a single one, its logarithm too."""
    return np.asarray(number, dtype=np.float64)


def _around(name: str, shift: Any, spread: Any, dim: str) -> Any:
    """Normal(shift, spread) a row, through standard normal offsets: no funnel where the spread is small."""
    offset = pm.Normal(f"{name}_offset", dims=(dim, "region"))
    return shift[:, None] + spread[:, None] * offset


def _alike(name: str, spec: ModelSpec, design: Design, spread: Any, dim: str) -> Any:
    """Normal(0, spread) a row, through offsets; where homologues are there they correlate with ``<name>_symmetry``."""
    offset = pm.Normal(f"{name}_offset", dims=(dim, "region"))
    if design.homologues:
        left, right = np.array(design.homologues).T
        a, b = exact(spec.mean.symmetry_a), exact(spec.mean.symmetry_b)
        symmetry = pm.Beta(f"{name}_symmetry", a, b, dims=None if name == "site" else dim)
        kept = symmetry if name == "site" else symmetry[:, None]
        paired = kept * offset[:, left] + pt.sqrt(1 - kept**2) * offset[:, right]
        offset = offset[:, right].set(paired)
    return (spread if name == "site" else spread[:, None]) * offset


def _mixed_normal(name: str, mixing: Any, sd: float) -> Any:
    """Independent Normal(0, sd) regions, moved together by the sampler: mixing times the free ``<name>_mixed``."""

    def logp(value: Any, mixing: Any, sd: Any) -> Any:
        independent = pm.logp(pm.Normal.dist(0, sd), (mixing * value).sum(axis=1)).sum()
        return independent + pt.log(pt.diagonal(mixing)).sum()

    def random(mixing: Any, sd: Any, rng: Any = None, size: Any = None) -> Floats:
        return np.linalg.solve(mixing, sd * rng.standard_normal(len(mixing)))

    free = pm.CustomDist(
        f"{name}_mixed", mixing, exact(sd), logp=logp, random=random, signature="(r,s),()->(r)", dims="region"
    )
    return pm.Deterministic(name, (mixing * free).sum(axis=1), dims="region")


def _means(spec: ModelSpec, design: Design, mixing: Any) -> tuple[Any, Any]:
    """Group means (population, region), and the coefficients all groups share (covariate and site, region)."""
    prior = spec.mean
    intercept = _mixed_normal("intercept", mixing, prior.intercept_sd)
    shift = pm.Normal("mean_shift", 0, exact(prior.shift_sd), dims="patient")
    spread = pm.HalfNormal("mean_spread", exact(prior.spread_scale), dims="patient")
    difference = shift[:, None] + _alike("mean", spec, design, spread, "patient")
    difference = pm.Deterministic("mean_difference", difference, dims=("patient", "region"))
    mean = pt.concatenate([intercept[None], intercept + difference])
    common = []
    if design.covariates:
        shift = pm.Normal("slope_mean", 0, exact(prior.shift_sd), dims="covariate")
        spread = pm.HalfNormal("slope_spread", exact(prior.spread_scale), dims="covariate")
        slope = shift[:, None] + _alike("slope", spec, design, spread, "covariate")
        common.append(pm.Deterministic("slope", slope, dims=("covariate", "region")))
    if design.site is not None:
        spread = pm.HalfNormal("site_spread", exact(prior.site_scale))
        effect = _alike("site", spec, design, spread, "site")
        common.append(pm.Deterministic("site_effect", effect, dims=("site", "region")))
    empty = np.zeros((0, len(design.regions)))
    return mean, pt.concatenate(common) if len(common) > 1 else common[0] if common else pt.constant(empty)


def _log_scale(spec: ModelSpec, design: Design) -> Any:
    if spec.spread is None:
        return pt.zeros((len(design.populations), len(design.regions)))
    control = pm.Normal("log_scale_control", 0, exact(spec.spread.control_sd), dims="region")
    shift = pm.Normal("spread_shift", 0, exact(spec.spread.shift_sd), dims="patient")
    size = pm.HalfNormal("spread_size", exact(spec.spread.spread_scale), dims="patient")
    patients = control + _around("log_scale", shift, size, "patient")
    return pm.Deterministic(
        "log_scale", pt.concatenate([control[None], patients]), dims=("population", "region")
    )


def _log_kappa(spec: ModelSpec, design: Design) -> Any:
    assert spec.dense is not None
    groups = len(design.populations)
    if spec.dense.width == 0:
        return pt.constant(np.full(groups, np.log(spec.dense.median)))
    dims = "population" if spec.dense.per_population else None
    kappa = pm.LogNormal("kappa", exact(np.log(spec.dense.median)), exact(spec.dense.width), dims=dims)
    return pt.log(kappa) if spec.dense.per_population else pt.log(kappa) * np.ones(groups)


def _shared(spec: ModelSpec, design: Design) -> Any:
    """The edges of R_0."""
    p = len(design.regions)
    if spec.shared is None:
        return pt.zeros(p * (p - 1) // 2)
    return correlation_edges("shared_correlation", p, spec.shared.family, spec.shared.eta, dims="edge")


def _collapsed(
    factor: Any, mean: Any, common: Any, log_scale: Any, edges: Any, log_kappa: Any, size: Any, *, p: int
) -> Any:
    """Log density of each population's volumes, Sigma_g integrated out (as in `density.collapsed_log_likelihood`)."""
    common, edges = common[0], edges[0]  # PyMC gives every parameter the dimension of the populations
    nu = pt.exp(log_kappa) + p + 1
    i = np.arange(p)
    gammas = (pt.gammaln((nu + size)[:, None] / 2 - i / 2) - pt.gammaln(nu[:, None] / 2 - i / 2)).sum(axis=1)
    before = p * log_kappa + 2 * log_scale.sum(axis=1) + correlation_terms(edges)[0]
    after = scatter_logdet(factor, mean, common, log_scale, edges, log_kappa)
    return -size * p / 2 * np.log(np.pi) + gammas + nu / 2 * before - (nu + size) / 2 * after


def correlation_edges(name: str, p: int, family: str, eta: float, **dims: Any) -> Any:
    """A correlation matrix as a random variable of its edges, LKJ(eta) or marginally uniform (see `SharedPrior`).

    `pymc.LKJCorr` is a Cholesky factor, which would put a square matrix with a constant half into the posterior.
    """
    constant = log_correlation_prior(np.eye(p), family, eta)

    def logp(value: Any, eta: Any) -> Any:
        terms = correlation_terms(value)
        if family == "lkj":
            density = constant + (eta - 1) * terms[0]
        else:
            nu = p - 1 + 2 * eta
            density = constant - (nu + p + 1) / 2 * terms[0] - nu / 2 * terms[1:].sum()
        return pt.switch(terms[0] > -np.inf, density, -np.inf)

    def random(eta: Any, rng: Any = None, size: Any = None) -> Floats:
        shape = () if size is None else tuple(size)
        drawn = [draw_correlation_matrix(p, family, float(eta), seed=rng) for _ in range(int(np.prod(shape)))]
        return to_edges(np.array(drawn)).reshape((*shape, -1))

    return pm.CustomDist(
        name, exact(eta), logp=logp, random=random, signature=f"()->({p * (p - 1) // 2})",
        support_point=lambda rv, size, eta: pt.zeros(p * (p - 1) // 2), default_transform=_Rows(p), **dims,
    )  # fmt: skip


class _Rows(Transform):
    """Edges <-> any real numbers: the rows of the Cholesky factor, each divided by its last element.

    The name has no underscore, by which PyMC's `compute_log_prior` and others would be misled.
    """

    name = "rows"
    ndim_supp = 1

    def __init__(self, p: int) -> None:
        self.p = p

    def backward(self, value: Any, *inputs: Any) -> Any:
        return edges_of_free(value)[:-1]

    def forward(self, value: Any, *inputs: Any) -> Any:
        rows, columns = edge_pairs(self.p)
        matrix = pt.eye(self.p)[rows, columns].set(value)
        root = pt.linalg.cholesky(matrix + matrix.T - pt.eye(self.p))
        return root[columns, rows] / pt.diagonal(root)[columns]

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        # n - i from R to its factor, i + 1 from the factor to the numbers: p + 1 in every row i
        return (self.p + 1) / 2 * edges_of_free(value)[-1]
