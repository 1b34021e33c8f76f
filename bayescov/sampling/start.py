"""Where a chain starts: plain arrays from a design and a model."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import multigammaln

from bayescov.design import Design
from bayescov.errors import ModelError
from bayescov.model.sections import DensePrior
from bayescov.model.spec import ModelSpec
from bayescov.sampling.kernels.closeness import CELLS, INFINITE, REACH
from bayescov.sampling.kernels.means import INTERCEPT, LEARNED, SITE
from bayescov.sampling.kernels.shared import COMMON, LKJ, MARGINAL, size_of
from bayescov.sampling.kernels.state import Data, Prior, State
from bayescov.sampling.kernels.sweep import MANY_REGIONS
from bayescov.sampling.proposals import blocks_of, coupling_information, residual_correlations, unit_of

__all__ = ["data_of", "prior_of", "start_state"]

Floats = npt.NDArray[np.float64]


def data_of(spec: ModelSpec, design: Design) -> Data:
    """The design as the kernels see it. The rows: intercept, patient groups, covariates, sites but the first."""
    dummies = design.regressors()
    dummies[:, 0] = 1.0
    n_patients, n_covariates = len(design.patients), len(design.covariates)
    n_sites = max(len(design.sites) - 1, 0)
    kinds = [INTERCEPT] + [LEARNED] * (n_patients + n_covariates) + [SITE] * n_sites
    # One memory layout whatever the table was made of: for another, numba would compile everything again.
    missing = np.ascontiguousarray(np.isnan(design.y.values))
    each, pooled = residual_correlations(design)
    blocks, chance, middle, spread = blocks_of(each, pooled, design.sizes)
    partner = np.full(len(design.regions), -1, dtype=np.int64)
    for left, right in design.homologues:
        partner[left], partner[right] = right, left
    log_kappas, gammas = _closeness_grid(spec.dense, len(design.regions), design.sizes)
    return Data(
        regressors=np.ascontiguousarray(dummies),
        codes=design.population.values.astype(np.int64),
        sizes=design.sizes,
        row_kind=np.array(kinds, dtype=np.int64),
        partner=partner,
        paired=bool((partner >= 0).any()),
        missing=missing,
        any_missing=bool(missing.any()),
        student=spec.likelihood.family == "student",
        blocks=blocks,
        block_chance=chance,
        block_middle=middle,
        block_spread=spread,
        unit=unit_of(pooled),
        along_coupling=coupling_information(each, pooled, design.sizes),
        log_kappas=log_kappas,
        gammas=gammas,
        many_regions=len(design.regions) > MANY_REGIONS,
    )


def _closeness_grid(dense: DensePrior | None, p: int, sizes: Floats) -> tuple[Floats, Floats]:
    """The middles of the cells from which log kappa is proposed; the gamma functions there and at infinity, (group, cell)."""
    middle, width = (math.log(dense.median), dense.width) if dense else (0.0, 1.0)
    low = middle - REACH * width
    high = min(middle + REACH * width, math.log(INFINITE) + 2.0)
    log_kappas = low + (np.arange(CELLS) + 0.5) * (high - low) / CELLS
    half = 0.5 * (np.append(np.exp(log_kappas), INFINITE) + p + 1.0)
    return log_kappas, multigammaln(half + 0.5 * sizes[:, None], p) - multigammaln(half, p)


def prior_of(spec: ModelSpec, n_groups: int) -> Prior:
    """The priors of so many groups as the kernels see them; a section that is absent is switched off."""
    spread, shared, dense = spec.spread, spec.shared, spec.dense
    coupling, sparse, attenuation, focal = spec.coupling, spec.sparse, spec.attenuation, spec.focal
    return Prior(
        shift_sd=spec.mean.shift_sd,
        spread_scale=spec.mean.spread_scale,
        site_scale=spec.mean.site_scale,
        symmetry_a=spec.mean.symmetry_a,
        symmetry_b=spec.mean.symmetry_b,
        has_focal=focal is not None,
        focal_a=focal.share_a if focal else 1.0,
        focal_b=focal.share_b if focal else 1.0,
        same_sd=focal.same_sd if focal else 1.0,
        dof_shape=spec.likelihood.dof_shape,
        dof_rate=spec.likelihood.dof_rate,
        has_shared=shared is not None,
        eta=shared.eta if shared else 1.0,
        family={"lkj": LKJ, "marginal": MARGINAL, "common": COMMON}[shared.family] if shared else LKJ,
        control_sd=spread.control_sd if spread else 1.0,
        ratio_shift_sd=spread.shift_sd if spread else 1.0,
        ratio_spread_scale=spread.spread_scale if spread else 1.0,
        learns_kappa=dense is not None and dense.width > 0,
        kappa_median=dense.median if dense else INFINITE,
        kappa_width=dense.width if dense else 0.0,
        kappa_atom=dense.atom if dense else 0.0,
        kappa_each=dense.per_population if dense else False,
        has_coupling=coupling is not None,
        coupling_share=coupling.share if coupling else 0.0,
        coupling_scale=coupling.scale if coupling else 1.0,
        has_attenuation=attenuation is not None,
        attenuation_share=attenuation.share if attenuation else 0.0,
        attenuation_shape=attenuation.shape if attenuation else 1.0,
        has_sparse=sparse is not None,
        first_departing=spec.first_departing(n_groups),
        share_a=sparse.share_a if sparse else 1.0,
        share_b=sparse.share_b if sparse else 1.0,
        size_median=sparse.size_median if sparse else 1.0,
        size_width=sparse.size_width if sparse else 1.0,
    )


def start_state(spec: ModelSpec, data: Data, design: Design, rng: np.random.Generator) -> State:
    """A start near the data's moments, different for every chain."""
    y = np.ascontiguousarray(np.where(data.missing, 0.0, design.y.values))
    n, p = y.shape
    n_groups, q = len(data.sizes), data.regressors.shape[1]
    if n < q + 2:
        raise ModelError(
            f"{n} people are too few for {q} groups, covariate terms and sites; use fewer covariates"
        )
    weight = np.ones(n)
    gram = data.regressors.T @ data.regressors + 0.1 * np.eye(q)
    w = np.linalg.solve(gram, data.regressors.T @ y)
    # In numpy, though the kernels can do it: by themselves, before all others, these would wait for a compiler.
    member = np.eye(n_groups)[data.codes]
    residuals = y - data.regressors @ w
    xx, xy, yy, scatter = (
        np.ascontiguousarray(np.einsum("sg,sa,sb->gab", member, left, right, optimize=True))
        for left, right in (
            (data.regressors, data.regressors), (data.regressors, y), (y, y), (residuals, residuals)
        )
    )  # fmt: skip
    anchor, u, metric = _shared_start(scatter, data.sizes, rng)
    kappa = np.full(n_groups, INFINITE)
    if spec.dense is not None and spec.dense.atom == 0.0:
        kappa[:] = spec.dense.median
    row_sd = np.where(
        data.row_kind == INTERCEPT, spec.mean.intercept_sd, 0.3 * math.exp(0.3 * rng.standard_normal())
    )
    identity = np.broadcast_to(np.eye(p), (n_groups, p, p)).copy()
    return State(
        u=u,
        metric=metric,
        dual=np.array([math.log(0.3), math.log(0.3), 0.0, 0.0, math.log(0.6)]),
        anchor=anchor,
        anchor_inverse=np.linalg.inv(anchor),
        kappa=kappa,
        coupling=np.zeros(n_groups),
        attenuation=np.ones((n_groups, p)),
        delta=np.zeros((n_groups, p, p)),
        included=np.zeros((n_groups, p, p), dtype=np.int8),
        n_active=np.zeros(n_groups, dtype=np.int64),
        share=np.full(n_groups, 0.05),
        size=np.full(n_groups, 0.4 if spec.sparse is None else spec.sparse.size_median),
        w=w,
        row_mean=np.zeros(q),
        row_sd=row_sd,
        row_symmetry=np.where(data.row_kind == INTERCEPT, 0.0, 0.5 if data.paired else 0.0),
        row_included=np.ones((q, p), dtype=np.int8),
        row_share=np.full(q, 0.5),
        y=y,
        weight=weight,
        dof=np.array([10.0]),
        sigma=identity.copy(),
        omega=identity,
        xx=xx,
        xy=xy,
        yy=yy,
        scatter=scatter,
        scale=np.ones(p),
        level=np.array([0.3]),
        pull=0.7 * np.eye(p) + 0.3,
        running=np.zeros((3, len(u))),
        block_chance=data.block_chance.copy(),
        block_middle=data.block_middle.copy(),
        block_spread=data.block_spread.copy(),
        block_seen=np.zeros((4, *data.block_middle.shape)),
        region_chance=np.linspace(0.0, 1.0, (n_groups - 1) * p + 1)[1:],
        region_seen=np.zeros((3, n_groups - 1, p)),
        shared=np.eye(p),
        center=identity.copy(),
        log_d=np.zeros((n_groups, p)),
        scaled=np.zeros((n_groups, p, p)),
        step=np.zeros(1),
        acceptance=np.ones(1),
        diverging=np.zeros(1, dtype=bool),
    )


def _shared_start(scatter: Floats, sizes: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """The anchor (a factor of the pooled covariance), a start around it, and a first metric."""
    n_groups, p = scatter.shape[:2]
    variance = np.diagonal(scatter, axis1=1, axis2=2) / np.maximum(sizes, 1.0)[:, None]
    sd = np.sqrt(np.maximum(variance, 1e-3))
    ratio = 0.7 * np.log(sd / sd[0])
    scale = np.exp(-ratio)
    pooled = sum(scale[g][:, None] * scatter[g] * scale[g] for g in range(n_groups)) / sizes.sum()
    total = sizes.sum()
    weight = total / (total + p + 1.0)
    anchor = np.linalg.cholesky(
        weight * pooled + (1 - weight) * np.diag(np.diag(pooled) + 0.1) + 1e-3 * np.eye(p)
    )

    u = np.zeros(size_of(p, n_groups))
    metric = np.full_like(u, 1.0 / math.sqrt(total))
    diagonal = np.cumsum(np.arange(1, p + 1)) - 1
    metric[diagonal] /= math.sqrt(2.0)
    head = p * (p + 1) // 2
    tail = head + (n_groups - 1) * p
    spread = 0.2
    for g in range(1, n_groups):
        shift = ratio[g].mean()
        u[head + (g - 1) * p : head + g * p] = np.clip((ratio[g] - shift) / spread, -2, 2)
        u[tail + g - 1] = shift
        u[tail + n_groups - 1 + g - 1] = spread
    metric[head:tail] = 0.6
    metric[tail : tail + n_groups - 1] = 0.1
    metric[tail + n_groups - 1 :] = 0.1
    return anchor, u + metric * rng.standard_normal(len(u)), metric
