"""Are the stated probabilities true? Simulated cohorts of known truth, each fitted; every edge's answer kept.

What is kept is judged in `bayescov.simulate.judgement`, as often as one likes.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.arguments import require_count, require_jobs, require_seed
from bayescov.design import prepare
from bayescov.errors import AnswerError
from bayescov.model.spec import ModelSpec, load_model
from bayescov.posterior.arguments import require_choice
from bayescov.posterior.events import events
from bayescov.simulate.distribution import POPULATIONS, simulate_cohort
from bayescov.simulate.truths import truth, truth_names

__all__ = ["MAIN_TRUTHS", "calibrate"]

MAIN_TRUTHS = ("null", "sparse", "half", "dense")
FDR = 0.05


def calibrate(
    truths: str | Sequence[str] = MAIN_TRUTHS,
    *,
    models: str | Path | ModelSpec | Sequence[str | Path | ModelSpec] = ("adaptive",),
    sizes: Sequence[int] = (34, 40, 35),
    p: int = 14,
    datasets: int = 20,
    seed: int = 1,
    draws: int = 800,
    chains: int = 2,
    threshold: float = 0.3,
    margin: float = 0.1,
    healthy: npt.ArrayLike | None = None,
    jobs: int = -1,
) -> pd.DataFrame:
    """Fit models to cohorts simulated from named truths.

    Parameters
    ----------
    truths : str or sequence of str
        Names known to `bayescov.simulate.truth`; one named twice counts once.
    models : str, pathlib.Path, ModelSpec or sequence of these
        As in `fit`, of different names. Each is fitted to the same data sets.
    sizes : sequence of int
        People in each group, the control first: at least 4, or 0 to leave a patient group out.
    p : int
        Regions.
    datasets : int
        Data sets a truth.
    seed : int
        One seed; every data set gets a seed of its own, so that results do not depend on `jobs`.
    draws, chains : int
        Of each fit; no more are drawn, since a single answer's Monte Carlo error averages out over data sets.
    threshold, margin : float
        Definitions of a connection, as in `bayescov.connections`.
    healthy : array_like, optional
        (p, p), the correlations that the truths start from, such as those of your own controls; without it the packaged
        ones, of 1,075 healthy people.
    jobs : int
        Processes (joblib).

    Returns
    -------
    pandas.DataFrame
        One row for each truth, data set, model, patient group and edge: ``p_added``, ``p_missing``, the lowest of each
        over the structures, ``added``, ``missing``, ``reversed`` (true or not), ``gain`` (true change of the absolute correlation),
        ``evidence``, ``fisher_z`` (of the change of the absolute correlation, in standard errors), ``difference``
        (true), ``estimate``, ``low``, ``high``, ``verdict``.

    Raises
    ------
    BayescovError
        If there is no truth of a name, two models have one name, nothing is asked for, `sizes`, `seed` or `jobs` are none, or
        `healthy` is no correlation matrix of p regions; before anything is fitted.

    Examples
    --------
    >>> import bayescov as bc
    >>> runs = bc.calibrate(["null"], p=4, datasets=1, draws=50, models=["separate"], jobs=1)
    >>> bc.judge(runs)["ece"].between(0, 1).all()
    np.True_
    """
    from joblib import Parallel, delayed

    require_count("datasets", datasets, least=1)
    sizes = _people(sizes)
    require_seed(seed)
    require_jobs(jobs)
    known = truth_names()
    names = tuple(dict.fromkeys(require_choice("truths", name, known) for name in _several("truths", truths)))
    for name in names:  # before hours of fits, not after
        truth(name, p=p, rng=np.random.default_rng(seed), healthy=healthy)
    specs = _specs(_several("models", models))
    cells = [(name, number) for number in range(datasets) for name in names]
    parts = Parallel(n_jobs=jobs)(
        delayed(_one)(name, number, specs, sizes, p, healthy, seed, draws, chains, threshold, margin)
        for name, number in cells
    )
    return pd.concat([part for group in parts for part in group], ignore_index=True)


def _several(name: str, given: Any) -> list[Any]:
    """What was asked for as a list, also where it is one alone."""
    alone = isinstance(given, (str, Path, ModelSpec)) or not isinstance(given, Iterable)
    listed = [given] if alone else list(given)
    if not listed:
        raise AnswerError(f"{name} is empty, which leaves nothing to judge; name at least one")
    return listed


def _specs(models: list[str | Path | ModelSpec]) -> list[ModelSpec]:
    """The models, if runs can tell them by their names."""
    specs = [load_model(m) for m in models]
    twice = [name for name, times in Counter(spec.name for spec in specs).items() if times > 1]
    if twice:
        raise AnswerError(
            f"two models are called {twice[0]!r}, so that their rows could not be told apart; name one of them otherwise, with "
            f"dataclasses.replace(model, name='{twice[0]}-2') or, of a TOML file, by the file's name"
        )
    return specs


def _people(sizes: Sequence[int]) -> tuple[int, ...]:
    """The sizes, if every group that takes part has enough people for a standard error of Fisher's z."""
    if isinstance(sizes, str) or not isinstance(sizes, Collection) or len(sizes) != len(POPULATIONS):
        raise AnswerError(
            f"sizes={sizes!r} must be one number of people for each of {', '.join(POPULATIONS)}, the control first"
        )
    control, *patients = sizes
    taking_part = [n for n in patients if n != 0]
    for n in (control, *taking_part):
        require_count("n", n, least=4)
    if not taking_part:
        raise AnswerError(f"the sizes {tuple(sizes)!r} leave no patient group to compare with the controls")
    return tuple(int(n) for n in sizes)


def _one(
    name: str,
    number: int,
    specs: list[ModelSpec],
    sizes: tuple[int, ...],
    p: int,
    healthy: npt.ArrayLike | None,
    seed: int,
    draws: int,
    chains: int,
    threshold: float,
    margin: float,
) -> list[pd.DataFrame]:
    from bayescov.posterior import connections
    from bayescov.sampling import fit

    root = np.random.SeedSequence([seed, number, *name.encode()])
    rng = np.random.default_rng(root)
    world = truth(name, p=p, rng=rng, healthy=healthy)
    design = prepare(simulate_cohort(world, sizes, rng=rng))
    edges = world.edges[[world.populations.index(name) for name in design.populations]]
    found = []
    for spec in specs:
        tree = fit(
            design, model=spec, seed=int(root.generate_state(1)[0]), draws=draws, chains=chains, min_ess=0.0,
            cores=1, progress=False,
        )  # fmt: skip
        answers = connections(tree, threshold=threshold, margin=margin, fdr=FDR)
        for g, population in enumerate(design.patients, start=1):
            table = _row_per_edge(answers.sel(population=population), edges, design, g, threshold, margin)
            found.append(table.assign(truth=name, dataset=number, model=spec.name, population=population))
    return found


def _row_per_edge(
    answers: Any, edges: npt.NDArray[np.float64], design: Any, g: int, threshold: float, margin: float
) -> pd.DataFrame:
    control, patient = edges[0], edges[g]
    true = events(control[:, None], patient[:, None], threshold=threshold, margin=margin)
    codes, y = design.population.values, design.y.values
    rows, columns = np.triu_indices(y.shape[1], 1)
    z = [np.arctanh(np.abs(np.corrcoef(y[codes == k].T)[rows, columns])) for k in (0, g)]
    n = design.sizes
    table = {
        "p_added": answers["p_added"],
        "p_missing": answers["p_missing"],
        "p_added_low": answers.get("p_added_low", answers["p_added"]),
        "p_missing_low": answers.get("p_missing_low", answers["p_missing"]),
        "added": true.added[:, 0],
        "missing": true.missing[:, 0],
        "reversed": true.reversed[:, 0],
        "gain": np.abs(patient) - np.abs(control),
        "evidence": answers["evidence"],
        "fisher_z": (z[1] - z[0]) / np.sqrt(1 / (n[g] - 3) + 1 / (n[0] - 3)),
        "difference": patient - control,
        "estimate": answers["difference"],
        "low": answers["difference_low"],
        "high": answers["difference_high"],
        "verdict": answers["verdict"],
    }
    return pd.DataFrame({k: np.asarray(v) for k, v in table.items()})
