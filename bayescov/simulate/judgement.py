"""Judging runs over simulated data sets of known truth: calibration, wrong names, power, ranking, intervals."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.errors import AnswerError

__all__ = ["judge", "most_right", "reliability", "wrong_share"]

BINS = np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0 + 1e-9])
ONE_ANSWER = ["model", "truth", "dataset", "population", "gain", "fisher_z"]
LISTED = 0.05  # the level of Benjamini and Hochberg's list

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.integer[Any]]


def judge(runs: pd.DataFrame, *, margin: float = 0.1) -> pd.DataFrame:
    """One row for each model and truth: calibration, error rates, power, ranking, intervals.

    Parameters
    ----------
    runs : pandas.DataFrame
        Made by `calibrate`. From a CSV of it, read with ``keep_default_na=False``: one of the truths is called null.
    margin : float
        Changes of the absolute correlation beyond this count for the ranking and for Benjamini-Hochberg's list.

    Returns
    -------
    pandas.DataFrame
        ``ece`` and ``brier`` of P(added) and P(missing) together; ``stated`` and ``true``, their mean and the share that
        happened; ``called`` and ``called_true`` of the verdicts "added" and "missing"; ``realised_fdr``: every data set and
        patient group has one list of them, and this is the mean over the lists of the share that is wrong, none of an
        empty one (Benjamini and Hochberg 1995); ``wrong_calls``: the share of all calls that is wrong, whose average is over
        calls instead of lists; ``unchanged``, ``unchanged_true`` and ``unchanged_fdr``, the same of the verdict "unchanged".
        ``bh_called``, ``bh_true`` of Benjamini-Hochberg at .05 on Fisher's z (true: moved by more
        than `margin` in that direction); ``bh_equal``, how many changes by the definitions of the answers its lists hold
        when all are cut at one level, whatever it is, so that their realised false discovery rate is at most that of the
        verdicts; ``bh_equal_calls``, so that at most that share of all its calls is wrong; ``auc_evidence``,
        ``auc_fisher_z``, ``auc_probability``: ROC areas for such moves; ``coverage`` of the 95 % intervals; ``rmse`` of the
        difference.

    Raises
    ------
    AnswerError
        If the runs are of a version that did not tell reversed connections, or hold the same data twice under one model's name.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. J. R. Stat. Soc. B 57, 289-300.

    Examples
    --------
    >>> import bayescov as bc
    >>> runs = bc.calibrate(["null"], p=4, datasets=1, draws=50, models=["separate"], jobs=1)
    >>> bc.judge(runs)[["model", "truth", "datasets"]].values.tolist()
    [['separate', 'null', 1]]
    """
    if "reversed" not in runs:
        raise AnswerError(
            "these runs do not say which connections are truly reversed; they are of an earlier version: calibrate again"
        )
    if runs.duplicated(ONE_ANSWER).any():
        raise AnswerError(
            "these runs hold the answers to the same data twice under one model's name, as of two models that are called alike; "
            "judge each by itself, or give them different names in the column 'model'"
        )
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
    lists = part.groupby(["dataset", "population"]).ngroup().to_numpy()
    one_list = np.zeros_like(lists)
    listed = q <= LISTED
    claim = np.where(part["fisher_z"] > 0, part["added"], part["missing"])
    wrong = wrong_share(called, right.to_numpy(), lists)
    wrong_calls = wrong_share(called, right.to_numpy(), one_list)
    same = verdict == "unchanged"
    stayed = ~part[["added", "missing", "reversed"]].to_numpy().any(axis=1)
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
        "wrong_calls": wrong_calls,
        "unchanged": int(same.sum()),
        "unchanged_true": int((same & stayed).sum()),
        "unchanged_fdr": wrong_share(same, stayed, lists),
        "bh_called": int(listed.sum()),
        "bh_true": int((listed.to_numpy() & direction).sum()),
        "bh_equal": most_right(q.to_numpy(), claim, lists, wrong),
        "bh_equal_calls": most_right(q.to_numpy(), claim, one_list, wrong_calls),
        "auc_evidence": both_ways(part["evidence"]),
        "auc_fisher_z": both_ways(part["fisher_z"]),
        "auc_probability": _roc_area(stated, happened),
        "coverage": float(covered.mean()),
        "rmse": float(np.sqrt(np.mean((part["estimate"] - part["difference"]) ** 2))),
    }


def calibration_error(stated: Floats, happened: Flags) -> float:
    """Expected calibration error: mean gap of stated and realised frequency, over bins finer at both ends."""
    table = reliability(stated, happened)
    return float((table["share"] * (table["stated"] - table["happened"]).abs()).sum())


def reliability(stated: Floats, happened: Flags) -> pd.DataFrame:
    """One row for each bin of stated probabilities that is not empty: its share, mean and realised frequency."""
    place = np.digitize(stated, BINS) - 1
    grouped = pd.DataFrame({"bin": place, "stated": stated, "happened": happened.astype(float)}).groupby(
        "bin"
    )
    table = grouped.mean()
    table["count"] = grouped.size()
    return table.assign(share=table["count"] / len(stated)).reset_index()


def _roc_area(score: Floats, positive: Flags) -> float:
    from scipy.stats import rankdata

    n = int(positive.sum())
    if n in (0, len(positive)):
        return float("nan")
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))


def _benjamini_hochberg(part: pd.DataFrame) -> pd.Series:
    from scipy.stats import false_discovery_control, norm

    return pd.Series(false_discovery_control(2 * norm.sf(part["fisher_z"].abs())), index=part.index)


def wrong_share(called: Flags, right: Flags, lists: Numbers) -> float:
    """Mean over the lists of the share of what they call that is wrong; none of an empty list."""
    counts = np.bincount(lists, called)
    wrong = np.bincount(lists, called & ~right)
    return float(np.mean(wrong / np.maximum(counts, 1.0)))


def most_right(q: Floats, right: Flags, lists: Numbers, realised_fdr: float) -> int:
    """The most right statements of any "q at most so much", one level for all lists, that are on average no more wrong."""
    order = np.argsort(q, kind="stable")
    steps = pd.DataFrame({"list": lists[order], "right": right[order]})
    within = steps.groupby("list")["right"]
    share = 1.0 - within.cumsum() / (within.cumcount() + 1)  # wrong in that list, so far
    before = share.groupby(steps["list"]).shift(fill_value=0.0)
    average = (share - before).cumsum().to_numpy() / len(np.unique(lists))
    whole = np.append(np.diff(q[order]) > 0, True)  # statements of equal q go together
    allowed = whole & (average <= realised_fdr + 1e-12)
    return int(np.cumsum(right[order])[allowed].max(initial=0))
