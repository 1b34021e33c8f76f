"""The reference engine: the PyMC graph, sampled by nutpie; then every Sigma_g exactly, given the rest."""

from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt

from bayescov.design import Design, from_edges
from bayescov.errors import FitError
from bayescov.model.graph import (
    build_model,
    cross_product_factors,
    graph_data,
    require_sampleable,
)
from bayescov.model.spec import ModelSpec
from bayescov.sampling.convergence import available_cores
from bayescov.sampling.covariances import draw_correlation_and_sd

__all__ = ["compile_model", "sample_nuts"]

Floats = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]

# ArviZ's name of a statistic -> nutpie's
STATISTICS = {
    "diverging": "diverging",
    "acceptance_rate": "mean_tree_accept",
    "n_steps": "n_steps",
    "tree_depth": "depth",
    "step_size": "step_size",
    "energy": "energy",
    "lp": "logp",
}
# Twice the steps of the usual 0.8 and three times the effective draws: the shared correlations are long valleys.
TARGET_ACCEPT = 0.9
MOST_COMPILED = 4
_compiled: OrderedDict[Any, Any] = OrderedDict()


def sample_nuts(
    spec: ModelSpec,
    design: Design,
    *,
    seed: int | np.random.SeedSequence,
    draws: int = 1000,
    tune: int = 400,
    chains: int = 4,
    progress: bool = False,
    cores: int | None = None,
) -> tuple[Arrays, Arrays]:
    """Draw from the posterior of a model without indicators, by NUTS.

    Parameters
    ----------
    spec : ModelSpec
        `separate`, `pooled` and relatives; see `bayescov.model.graph.build_model`.
    design : Design
        Without missing volumes.
    seed : int or numpy.random.SeedSequence
        The same seed gives the same draws, whatever the number of cores.
    draws, tune, chains : int
        Draws kept a chain, draws of warm-up a chain, chains.
    progress : bool
        Show nutpie's progress bar.
    cores : int, optional
        Threads; default the processors this process may use.

    Returns
    -------
    posterior : dict of arrays (chain, draw, ...)
        The variables of a fit; see `bayescov.sampling.tree`.
    sample_stats : dict of arrays (chain, draw)
        `diverging` among them: `bayescov.sampling.diagnose` judges it.

    Raises
    ------
    ModelError
        If the graph does not cover the model or the data; the sentence says why.
    FitError
        If the sampler fails.
    """
    import nutpie

    require_sampleable(spec, design)
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    for_nuts, for_sigma = root.spawn(2)
    compiled = compile_model(spec, design)
    try:
        trace = nutpie.sample(
            compiled,
            draws=draws,
            tune=tune,
            chains=chains,
            cores=min(chains, cores or available_cores()),
            seed=int(for_nuts.generate_state(1)[0]),
            target_accept=TARGET_ACCEPT,
            save_warmup=False,
            progress_bar=progress,
        )
    except (RuntimeError, ValueError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FitError(f"NUTS failed on the model {spec.name!r}: {first}; engine='gibbs' may do") from error
    free = {str(name): variable.values for name, variable in trace["posterior"].data_vars.items()}
    stats = trace["sample_stats"].to_dataset()
    posterior = _posterior(spec, design, free, for_sigma)
    return posterior, {ours: stats[theirs].values for ours, theirs in STATISTICS.items() if theirs in stats}


def compile_model(spec: ModelSpec, design: Design) -> Any:
    """The graph compiled by nutpie; kept for other volumes of as many groups, regions, covariates and sites."""
    import nutpie
    import pytensor
    from pymc.model.transform.optimization import freeze_dims_and_data

    key = (
        spec.to_json(),
        len(design.populations),
        len(design.regions),
        design.homologues,
        len(design.covariates),
        len(design.sites),
    )
    if key in _compiled:
        _compiled.move_to_end(key)
    else:
        model = build_model(spec, design)
        names = [variable.name for variable in model.free_RVs]
        frozen = freeze_dims_and_data(model, dims=list(model.coords), data=[])
        # Starting points are drawn once a chain: not worth compiling. Without `fastmath` a seed gives the same draws
        # whether the code was compiled now or found on disk.
        with pytensor.config.change_flags(mode="FAST_COMPILE", numba__fastmath=False):
            _compiled[key] = nutpie.compile_pymc_model(frozen, var_names=names, freeze_model=False)
        while len(_compiled) > MOST_COMPILED:
            _compiled.popitem(last=False)
    return _compiled[key].with_data(**graph_data(design))


def _posterior(spec: ModelSpec, design: Design, free: Arrays, seed: np.random.SeedSequence) -> Arrays:
    """The variables of a fit from the free variables of the graph."""
    difference = free["mean_shift"][..., None] + _alike(free, "mean", design)
    mixing = graph_data(design)["mixing"]
    intercept = np.einsum("ij,cdj->cdi", mixing, free["intercept_mixed"])[:, :, None]
    mean = np.concatenate([intercept, intercept + difference], axis=2)
    common: list[Floats] = []
    found: Arrays = {}
    names = ["mean_shift", "mean_spread", "mean_symmetry", "slope_mean", "slope_spread", "slope_symmetry"]
    found |= {name: free[name] for name in [*names, "site_spread", "site_symmetry"] if name in free}
    if design.covariates:
        found["slope"] = free["slope_mean"][..., None] + _alike(free, "slope", design)
        common.append(found["slope"])
    reported = mean
    if design.site is not None:
        found["site_effect"] = _alike(free, "site", design)
        common.append(found["site_effect"])
        # "at average covariates" includes the mixture of sites that was seen
        share = np.bincount(design.site.values, minlength=len(design.sites))[1:] / len(design.subjects)
        reported = mean + np.einsum("s,cdsj->cdj", share, found["site_effect"])[:, :, None]
    log_scale = np.zeros_like(mean)
    edges = np.zeros((*mean.shape[:2], mean.shape[3] * (mean.shape[3] - 1) // 2))
    if spec.shared is not None:
        found |= {name: free[name] for name in ("shared_correlation", "spread_shift", "spread_size")}
        control = free["log_scale_control"][:, :, None]
        ratio = free["spread_size"][..., None] * free["log_scale_offset"] + free["spread_shift"][..., None]
        log_scale = np.concatenate([control, control + ratio], axis=2)
        edges = free["shared_correlation"]
    assert spec.dense is not None
    kappa = np.full(mean.shape[:3], spec.dense.median)
    if spec.dense.width > 0:
        found["kappa"] = free["kappa"]
        found["closeness"] = free["kappa"] / (free["kappa"] + 100.0)
        kappa[:] = free["kappa"] if spec.dense.per_population else free["kappa"][:, :, None]
    correlation, sd = _draw_covariances(
        design, mean, np.concatenate(common, axis=2) if common else None, log_scale, edges, kappa, seed
    )
    return {"correlation": correlation, "sd": sd, "mean": reported, **found}


def _alike(free: Arrays, name: str, design: Design) -> Floats:
    """Rows scattered around zero, homologues alike, from their standard normal offsets."""
    offset, spread = free[f"{name}_offset"].copy(), free[f"{name}_spread"]
    rows = (..., None, None) if name == "site" else (..., None)
    if design.homologues:
        left, right = np.array(design.homologues).T
        kept = free[f"{name}_symmetry"][rows]
        offset[..., right] = kept * offset[..., left] + np.sqrt(1 - kept**2) * offset[..., right]
    return np.asarray(spread[rows] * offset)


def _draw_covariances(
    design: Design,
    mean: Floats,
    common: Floats | None,
    log_scale: Floats,
    edges: Floats,
    kappa: Floats,
    seed: np.random.SeedSequence,
) -> tuple[Floats, Floats]:
    """Correlations and SDs of Sigma_g | rest ~ InverseWishart(nu + n_g, kappa S* + S_g), nu = kappa + p + 1."""
    chains, draws, groups, p = mean.shape
    correlation, sd = np.empty((chains, draws, groups, edges.shape[-1])), np.empty_like(mean)
    factors = cross_product_factors(design)
    for chain, child in enumerate(seed.spawn(chains)):
        rng = np.random.default_rng(child)
        shared = from_edges(edges[chain])
        for g in range(groups):
            residual = factors[g, :, :p] - factors[g, :, p, None] * mean[chain, :, g, None]
            if common is not None:
                residual -= factors[g, :, p + 1 :] @ common[chain]
            scale = np.exp(log_scale[chain, :, g]) * np.sqrt(kappa[chain, :, g, None])
            psi = scale[:, :, None] * shared * scale[:, None]
            psi += np.swapaxes(residual, 1, 2) @ residual
            dof = kappa[chain, :, g] + p + 1 + design.sizes[g]
            correlation[chain, :, g], sd[chain, :, g] = draw_correlation_and_sd(psi, dof, rng)
    return correlation, sd
