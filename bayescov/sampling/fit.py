"""`fit`: a design and a model in, a DataTree of draws out."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from bayescov.arguments import require_count, require_seed
from bayescov.cohort.enough import ONE_REGION
from bayescov.design import Design, require_design
from bayescov.design.arrays import DECIMALS
from bayescov.design.dependence import require_own_variation
from bayescov.errors import FitError, nearest
from bayescov.model.spec import ModelSpec, load_model
from bayescov.sampling.cases import STRUCTURES, fit_cases
from bayescov.sampling.convergence import available_cores
from bayescov.sampling.tree import assemble
from bayescov.sampling.watched import Effort, run

__all__ = ["ENGINES", "fit"]

ENGINES = ("auto", "gibbs", "nuts")
DEFAULT_MODEL = "adaptive"
MOST = 20  # times the draws asked for: the budget


def fit(
    design: Design,
    model: str | Path | ModelSpec = DEFAULT_MODEL,
    *,
    engine: str = "auto",
    seed: int | None = None,
    draws: int = 1000,
    tune: int = 400,
    chains: int = 4,
    max_draws: int | None = None,
    min_ess: float = 400.0,
    cores: int | None = None,
    structures: bool = True,
    progress: bool = True,
    cohort_attrs: Mapping[str, Any] | None = None,
) -> xr.DataTree:
    """Draw from the posterior of a model.

    Parameters
    ----------
    design : Design
        Made by `prepare`.
    model : str, path or ModelSpec
        A packaged model (``"adaptive"``, ``"pooled"``, ``"sparse"``, ``"separate"``), a TOML file, or a spec.
    engine : {"auto", "gibbs", "nuts"}
        ``"gibbs"``: the compiled sampler, for every model. ``"nuts"``: PyMC's graph sampled by nutpie, for ``separate``
        and ``pooled`` without missing volumes. ``"auto"``: gibbs.
    seed : int, optional
        The same seed gives the same draws, whatever the number of cores. Without one, a seed is drawn and stored.
    draws, tune, chains : int
        Draws kept a chain at first, warm-up sweeps a chain, chains.
    max_draws : int, optional
        Budget: draws a chain at most, `draws` at least; default twenty times `draws`. The sampler stops earlier, as soon as every
        reported quantity has `min_ess` effective draws and R-hat <= 1.01. Of more than about twice `draws` it keeps every
        second, fourth, ... (gibbs)
    min_ess : float
        The effective sample size to reach; 0 to draw exactly `draws`, as nuts always does. (gibbs)
    cores : int, optional
        Threads; default as many as there are processors for this process.
    structures : bool
        For ``adaptive``-like models: also fit the structural special cases (``pooled``, ``sparse``), from which
        `connections` takes the range of each probability. Of each, as many effective draws as its share in the answer
        needs.
    progress : bool
        Show a progress bar.
    cohort_attrs : mapping, optional
        Where the data came from; stored in the fit.

    Returns
    -------
    xarray.DataTree
        ArviZ's groups ``posterior``, ``sample_stats``, ``observed_data``, ``constant_data``; see `bayescov.sampling.tree`.

    Raises
    ------
    ModelError
        If the model cannot be read or is not one the engine can sample.
    FitError
        If a setting is impossible.
    DesignError
        If a region is constant in a group, or determined by others.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1), covariates="age + sex + log(icv)")
    >>> fit = bc.fit(design, model="separate", seed=1, progress=False)
    >>> fit["posterior"]["correlation"].dims
    ('chain', 'draw', 'population', 'edge')
    """
    spec = load_model(model)
    _check_design(design)
    _check_settings(engine, draws, tune, chains, max_draws, min_ess, cores)
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
    seed = require_seed(seed, error=FitError)
    asked = _asked(
        draws, tune, chains, engine=engine, max_draws=max_draws, min_ess=min_ess, structures=structures
    )
    cores = cores or available_cores()
    # So that a region times any constant gives the same draws, and not only the same posterior.
    design = replace(design, y=design.y.round(DECIMALS))
    if engine == "nuts":
        from bayescov.sampling.nuts import sample_nuts

        posterior, stats = sample_nuts(
            spec, design, seed=seed, draws=draws, tune=tune, chains=chains, progress=progress
        )
        settings = {"draws": draws, "tune": tune, "chains": chains}
        tree = assemble(
            design, spec, posterior, sample_stats=stats, seed=seed, engine="nuts", settings=settings,
            cohort_attrs=cohort_attrs,
        )  # fmt: skip
        tree.attrs["asked"] = asked
        return tree

    effort = Effort(draws, tune, chains, min_ess, cores, progress)
    budget = max_draws or MOST * draws
    own, *of_cases = np.random.SeedSequence(seed).spawn(1 + len(STRUCTURES))
    posterior, stats, settings = run(spec, design, own, effort, max_draws=budget, title=spec.title)
    cases: dict[str, dict[str, Any]] = {}
    gains: dict[str, dict[str, float]] = {}
    if structures and spec.sparse is not None and spec.dense is not None:
        cases, gains = fit_cases(
            spec, design, of_cases, effort, max_draws=budget, foretold=stats.get("log_likelihood")
        )
    tree = assemble(
        design, spec, posterior, sample_stats=stats, structures=cases, seed=seed, engine="gibbs", settings=settings,
        cohort_attrs=cohort_attrs,
    )  # fmt: skip
    tree.attrs["asked"] = asked
    for name, gain in gains.items():
        tree[f"structure_{name}"].attrs |= gain
    return tree


DEFAULTS = {"engine": "auto", "max_draws": None, "min_ess": 400.0, "structures": True}


def _asked(draws: int, tune: int, chains: int, **others: Any) -> str:
    """What repeats the run, which keeps other draws than were asked for: JSON of the arguments, but for unused options."""
    used = {name: value for name, value in others.items() if value != DEFAULTS[name]}
    return json.dumps({"draws": int(draws), "tune": int(tune), "chains": int(chains), **used}, default=float)


def _check_settings(
    engine: Any, draws: Any, tune: Any, chains: Any, max_draws: Any, min_ess: Any, cores: Any
) -> None:
    if engine not in ENGINES:
        raise FitError(
            f"engine={engine!r} is not known{nearest(str(engine), ENGINES)}; use one of: {', '.join(ENGINES)}"
        )
    for name, value, least in (("draws", draws, 50), ("tune", tune, 100), ("chains", chains, 1)):
        require_count(name, value, least=least, error=FitError)
    for name, value in (("max_draws", max_draws), ("cores", cores)):
        if value is not None:
            require_count(name, value, least=1, error=FitError)
    if not isinstance(min_ess, (int, float, np.integer, np.floating)) or not min_ess >= 0:  # nan is not
        raise FitError(f"min_ess={min_ess!r} must be a number of effective draws: 0 or more")
    if max_draws is not None and max_draws < draws:
        raise FitError(
            f"max_draws={max_draws} is less than the draws={draws} a chain that are drawn at first; lower draws too"
        )
    if engine == "nuts" and (max_draws is not None or min_ess not in (0, DEFAULTS["min_ess"])):
        raise FitError(
            "engine='nuts' draws exactly draws= a chain; max_draws= and min_ess= are of the compiled sampler (engine='gibbs')"
        )


def _check_design(design: Any) -> None:
    require_design(design, "a fit", error=FitError)
    if len(design.populations) < 2:
        raise FitError(
            f"there is only the group {design.control!r}; a comparison needs a patient group beside it"
        )
    if len(design.regions) < 2:
        raise FitError(ONE_REGION)
    require_own_variation(design)
