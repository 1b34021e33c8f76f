"""Posterior predictive checks in sentences: what the model does not reproduce, and what to try instead."""

import numpy as np
import pandas as pd
import xarray as xr

from bayescov.cohort.table import CheckResult
from bayescov.errors import AnswerError
from bayescov.posterior.frames import to_frame

__all__ = ["judge_predictions"]

LEVEL = 0.01

SUBJECTS = {
    "sd": (
        "region",
        "standard deviations",
        "the groups' spreads differ in ways that this model's priors suppress",
    ),
    "correlation": (
        "edge",
        "correlations",
        "try the model 'adaptive', which lets groups differ at single edges too",
    ),
    "eigenvalue": (
        "rank",
        "largest eigenvalues",
        "a factor that all regions share may differ between the groups",
    ),
}


def judge_predictions(checks: xr.Dataset) -> tuple[CheckResult, ...]:
    """Say what of the data the fitted model does not reproduce.

    Parameters
    ----------
    checks : xarray.Dataset
        What `posterior_predictive_checks` returned.

    Returns
    -------
    tuple of CheckResult
        For standard deviations, correlations, eigenvalues and tails: ``passed`` is False where in some group fewer
        than 1 % of replicated studies (divided by the number of groups, of tails also by three) are as unusual as the one seen. What is not
        defined, because too few people have the volumes, is left out; None where that is all there is of some group, and
        no other fails. Each has a sentence, and the elements concerned as a table.

    Raises
    ------
    AnswerError
        If these are other answers.

    Examples
    --------
    >>> import bayescov as bc
    >>> cohort = bc.simulate_study("ms-nmosd", seed=1)
    >>> fit = bc.fit(bc.prepare(cohort), model="separate", seed=1)
    >>> [check.name for check in bc.judge_predictions(bc.posterior_predictive_checks(fit, draws=50))]
    ['standard deviations', 'correlations', 'largest eigenvalues', 'tails']
    """
    if not isinstance(checks, xr.Dataset) or checks.attrs.get("question") != "posterior_predictive_checks":
        raise AnswerError("judge_predictions needs what posterior_predictive_checks(fit) returned")
    return (*(_judge_elements(checks, name) for name in SUBJECTS), _judge_tails(checks))


def _judge_elements(checks: xr.Dataset, name: str) -> CheckResult:
    dim, subject, remedy = SUBJECTS[name]
    worst = checks[f"{name}_worst_p"]
    level = LEVEL / worst.size
    failed = [str(g) for g in worst["population"].to_numpy()[worst.to_numpy() < level]]
    left_out = _left_out(checks[f"{name}_observed"], subject)
    if not failed:
        passed, where = _judged(worst)
        text = f"The model reproduces the {subject} of the residuals in {where}."
        return CheckResult(subject, passed, (text if where else "") + left_out)
    table = _elements(checks, name, dim, failed)
    first = table.iloc[0]
    label = f"{first['region_a']} and {first['region_b']}" if dim == "edge" else f"{dim} {first[dim]}"
    text = (
        f"The model does not reproduce the {subject} of {', '.join(failed)}: the most unusual, {label} in "
        f"{first['population']}, is {first[f'{name}_observed']:.2f}, while the model expects "
        f"{first[f'{name}_replicated_low']:.2f} to {first[f'{name}_replicated_high']:.2f}; {remedy}."
        f"{left_out}"
    )
    return CheckResult(subject, False, text, table)


def _elements(checks: xr.Dataset, name: str, dim: str, failed: list[str]) -> pd.DataFrame:
    """The elements of the failed groups outside their intervals, the most unusual first."""
    frame = to_frame(checks, over=("population", dim))
    frame = frame[
        [c for c in frame if c in ("population", dim, "region_a", "region_b") or str(c).startswith(name)]
    ]
    half = (frame[f"{name}_replicated_high"] - frame[f"{name}_replicated_low"]) / 2
    unusual = (frame[f"{name}_observed"] - frame[f"{name}_replicated"]).abs() / half
    order = unusual[frame["population"].isin(failed)].sort_values(ascending=False)
    return frame.loc[order.index[: max(1, int((order > 1).sum()))]].reset_index(drop=True)


def _judged(p: xr.DataArray) -> tuple[bool | None, str]:
    """Where no group fails: whether that is all there is to say, and of which groups; p (population,) is NaN where undefined."""
    groups = [str(g) for g in p["population"].to_numpy()[np.isfinite(p.to_numpy())]]
    return (True, "every group") if len(groups) == p.size else (None, ", ".join(groups))


def _left_out(observed: xr.DataArray, subject: str) -> str:
    """What is not defined and in which groups, as one more sentence; empty where everything is."""
    missing = observed.isnull().transpose("population", ...)
    if not missing.any():
        return ""
    groups = [str(g) for g in missing["population"].to_numpy()[missing.to_numpy().any(axis=1)]]
    return f" Left out, because too few people of {', '.join(groups)} have the volumes: {int(missing.sum())} of {missing.size} {subject}."


def _judge_tails(checks: xr.Dataset) -> CheckResult:
    p = checks["tail_p"].min("tail")
    level = LEVEL / checks["tail_p"].size
    heavy = [str(g) for g in p["population"].to_numpy()[p.to_numpy() < level]]
    table = to_frame(checks, over=("population", "tail"))
    if not heavy:
        passed, where = _judged(p)
        text = f"People far from the rest are as frequent as the model expects in {where}."
        return CheckResult("tails", passed, text if where else "No group has people enough to judge.", table)
    normal = checks.attrs["likelihood"] == "normal"
    remedy = (
        "use the Student t likelihood (likelihood.family = 'student'), under which they count less"
        if normal
        else "look at these people's volumes for errors of measurement"
    )
    ratio = (
        (checks["tail_observed"] / checks["tail_replicated"])
        .sel(tail="farthest", population=heavy)
        .max()
        .item()
    )
    text = (
        f"People far from the rest are more frequent than the model expects in {', '.join(heavy)} (heavy tails: the "
        f"farthest person is up to {ratio:.1f} times as far, squared, as the model would have it); {remedy}."
    )
    return CheckResult("tails", False, text, table)
