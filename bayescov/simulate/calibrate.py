"""Are the stated probabilities true? Simulated cohorts of known truth, each fitted; every edge's answer kept.

Running (`calibrate`) and judging (`judge`) are two functions: the runs are kept, the judgement can be repeated.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.design import prepare
from bayescov.errors import BayescovError
from bayescov.model.spec import ModelSpec, load_model
from bayescov.posterior.events import events
from bayescov.simulate.truths import simulate_cohort, truth

__all__ = ["MAIN_TRUTHS", "calibrate", "judge", "reliability"]

MAIN_TRUTHS = ("null", "sparse", "half", "dense")
BINS = np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0 + 1e-9])
FDR = 0.05


def calibrate(
    truths: Sequence[str] = MAIN_TRUTHS,
    *,
    models: Sequence[str | ModelSpec] = ("adaptive",),
    sizes: Sequence[int] = (34, 40, 35),
    p: int = 14,
    datasets: int = 20,
    seed: int = 1,
    draws: int = 400,
    chains: int = 2,
    threshold: float = 0.3,
    margin: float = 0.1,
    jobs: int = -1,
) -> pd.DataFrame:
    """Fit models to cohorts simulated from named truths.

    Parameters
    ----------
    truths : sequence of str
        Names known to `bayescov.simulate.truth`.
    models : sequence of str or ModelSpec
        Each is fitted to the same data sets.
    sizes : sequence of int
        People in each group, the control first.
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
    jobs : int
        Processes (joblib).

    Returns
    -------
    pandas.DataFrame
        One row for each truth, data set, model, patient group and edge: ``p_added``, ``p_missing``, the lowest of each
        over the structures, ``added``, ``missing`` (true or not), ``gain`` (true change of the absolute correlation),
        ``evidence``, ``fisher_z`` (of the change of the absolute correlation, in standard errors), ``difference``
        (true), ``estimate``, ``low``, ``high``, ``verdict``.

    Examples
    --------
    >>> from bayescov.simulate.calibrate import calibrate, judge
    >>> runs = calibrate(["null"], p=4, datasets=1, draws=50, models=["separate"], jobs=1)
    >>> judge(runs)["ece"].between(0, 1).all()
    np.True_
    """
    from joblib import Parallel, delayed

    if datasets < 1:
        raise BayescovError(f"datasets={datasets} leaves nothing to judge; ask for at least one")
    specs = [load_model(m) for m in models]
    cells = [(name, number) for number in range(datasets) for name in truths]
    parts = Parallel(n_jobs=jobs)(
        delayed(_one)(name, number, specs, tuple(sizes), p, seed, draws, chains, threshold, margin)
        for name, number in cells
    )
    return pd.concat([part for group in parts for part in group], ignore_index=True)


def _one(
    name: str,
    number: int,
    specs: list[ModelSpec],
    sizes: tuple[int, ...],
    p: int,
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
    world = truth(name, p=p, rng=rng)
    design = prepare(simulate_cohort(world, sizes, rng=rng))
    found = []
    for spec in specs:
        tree = fit(
            design, model=spec, seed=int(root.generate_state(1)[0]), draws=draws, chains=chains, min_ess=0.0,
            cores=1, progress=False,
        )  # fmt: skip
        answers = connections(tree, threshold=threshold, margin=margin, fdr=FDR)
        for g, population in enumerate(design.patients, start=1):
            table = _row_per_edge(
                answers.sel(population=population), world.edges, design, g, threshold, margin
            )
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


def judge(runs: pd.DataFrame, *, margin: float = 0.1) -> pd.DataFrame:
    """One row for each model and truth: calibration, error rates, power, ranking, intervals.

    Parameters
    ----------
    runs : pandas.DataFrame
        Made by `calibrate`.
    margin : float
        Changes of the absolute correlation beyond this count for the ranking and for Benjamini-Hochberg's list.

    Returns
    -------
    pandas.DataFrame
        ``ece`` and ``brier`` of P(added) and P(missing) together; ``stated`` and ``true``, their mean and the share that
        happened; ``called``, ``called_true`` and ``realised_fdr`` of the verdicts "added" and "missing";
        ``bh_called``, ``bh_true`` of Benjamini-Hochberg at .05 on Fisher's z (true: moved by more than `margin` in that
        direction); ``bh_equal``, how many changes by the definitions of the answers its list holds when it is cut, at
        whatever level, so that its realised false discovery rate is at most that of the verdicts; ``auc_evidence``,
        ``auc_fisher_z``, ``auc_probability``: ROC areas for such moves; ``coverage`` of the 95 % intervals; ``rmse`` of the
        difference.
    """
    return pd.DataFrame(
        [
            {"model": model, "truth": name, "datasets": part["dataset"].nunique()} | _judged(part, margin)
            for (model, name), part in runs.groupby(["model", "truth"], sort=False)
        ]
    )


def _judged(part: pd.DataFrame, margin: float) -> dict[str, float]:
    stated = part[["p_added", "p_missing"]].to_numpy().T.ravel()
    happened = part[["added", "missing"]].to_numpy().T.ravel()
    verdict = part["verdict"].to_numpy()
    right = ((verdict == "added") & part["added"]) | ((verdict == "missing") & part["missing"])
    called = np.isin(verdict, ["added", "missing"])
    up, down = part["gain"].to_numpy() > margin, part["gain"].to_numpy() < -margin
    moved = np.concatenate([up, down])

    def both_ways(score: pd.Series) -> float:
        return _roc_area(np.concatenate([score, -score]), moved)

    q = pd.concat([_benjamini_hochberg(d) for _, d in part.groupby(["dataset", "population"])])[part.index]
    listed = q <= FDR
    claim = np.where(part["fisher_z"] > 0, part["added"], part["missing"])
    wrong = float(1 - right[called].mean()) if called.any() else 0.0
    direction = np.where(part["fisher_z"] > 0, up, down)
    covered = part["difference"].between(part["low"], part["high"])
    return {
        "ece": calibration_error(stated, happened),
        "brier": float(np.mean((stated - happened) ** 2)),
        "stated": float(stated.mean()),
        "true": float(happened.mean()),
        "called": int(called.sum()),
        "called_true": int((called & right).sum()),
        "realised_fdr": wrong,
        "bh_called": int(listed.sum()),
        "bh_true": int((listed.to_numpy() & direction).sum()),
        "bh_equal": most_right(q.to_numpy(), claim, wrong),
        "auc_evidence": both_ways(part["evidence"]),
        "auc_fisher_z": both_ways(part["fisher_z"]),
        "auc_probability": _roc_area(stated, happened),
        "coverage": float(covered.mean()),
        "rmse": float(np.sqrt(np.mean((part["estimate"] - part["difference"]) ** 2))),
    }


def calibration_error(stated: npt.NDArray[np.float64], happened: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error: mean gap of stated and realised frequency, over bins finer at both ends."""
    table = reliability(stated, happened)
    return float((table["share"] * (table["stated"] - table["happened"]).abs()).sum())


def reliability(stated: npt.NDArray[np.float64], happened: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """One row for each bin of stated probabilities that is not empty: its share, mean and realised frequency."""
    place = np.digitize(stated, BINS) - 1
    grouped = pd.DataFrame({"bin": place, "stated": stated, "happened": happened.astype(float)}).groupby(
        "bin"
    )
    table = grouped.mean()
    table["count"] = grouped.size()
    return table.assign(share=table["count"] / len(stated)).reset_index()


def _roc_area(score: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]) -> float:
    from scipy.stats import rankdata

    n = int(positive.sum())
    if n in (0, len(positive)):
        return float("nan")
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))


def _benjamini_hochberg(part: pd.DataFrame) -> pd.Series:
    from scipy.stats import false_discovery_control, norm

    return pd.Series(false_discovery_control(2 * norm.sf(part["fisher_z"].abs())), index=part.index)


def most_right(q: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], realised_fdr: float) -> int:
    """The most right statements that any list "q at most so much" holds whose share of wrong ones is at most that."""
    order = np.argsort(q, kind="stable")
    whole = np.append(np.diff(q[order]) > 0, True)  # statements of equal q go together
    hits = np.cumsum(right[order])
    share = 1.0 - hits / np.arange(1, len(q) + 1)
    allowed = whole & (share <= realised_fdr + 1e-12)
    return int(hits[allowed].max(initial=0))
