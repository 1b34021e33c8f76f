"""What an analysis recovered of a known truth, and what it did not."""

import numpy as np
import xarray as xr

from bayescov.cohort.table import Cohort
from bayescov.design import from_edges
from bayescov.posterior.draws import partial_correlations
from bayescov.posterior.events import CHANGES, events

__all__ = ["best_possible_auc", "recovery", "true_changes"]


def true_changes(
    truth: xr.Dataset, *, threshold: float = 0.3, margin: float = 0.1, kind: str = "correlation"
) -> xr.DataArray:
    """What truly happened to each connection, by the definitions of `bayescov.connections`.

    Parameters
    ----------
    truth : xarray.Dataset
        ``Cohort.truth`` of a simulated cohort.
    threshold, margin : float
    kind : {"correlation", "partial"}

    Returns
    -------
    xarray.DataArray
        (population, edge), the patient groups: "added", "missing", "reversed" or "unchanged".

    Examples
    --------
    >>> import bayescov as bc
    >>> changes = true_changes(bc.simulate_study("ms-nmosd", seed=1).truth)
    >>> int((changes.sel(population="MS") == "added").sum())
    20
    """
    correlation = truth["correlation"].transpose("population", "edge")
    values = partial_correlations(correlation.values) if kind == "partial" else correlation.values
    happened = np.full(values[1:].shape, "unchanged", dtype=object)
    for g in range(1, len(values)):
        found = events(values[0], values[g], threshold=threshold, margin=margin)
        for change in CHANGES:
            happened[g - 1][getattr(found, change)] = change
    return correlation.isel(population=slice(1, None)).copy(data=happened).rename("change")


def recovery(truth: xr.Dataset, connections: xr.Dataset, volumes: xr.Dataset) -> list[str]:
    """Compare answers with the truth they were simulated from, in sentences.

    Parameters
    ----------
    truth : xarray.Dataset
        ``Cohort.truth``.
    connections, volumes : xarray.Dataset
        What `bayescov.connections` and `bayescov.volumes` returned for that cohort.

    Returns
    -------
    list of str
        For each patient group: regions, then named connections, then their numbers.
    """
    rules = {name: connections.attrs[name] for name in ("threshold", "margin", "kind")}
    changes = true_changes(truth, **rules)
    lines = []
    for group in (str(g) for g in connections["population"].values):
        edges, happened = connections.sel(population=group), changes.sel(population=group).values
        lines.append(_volumes(group, truth, volumes))
        lines.append(_named(group, edges["verdict"].values, happened))
        lines.append(_numbers(group, edges, happened))
    return lines


def _volumes(group: str, truth: xr.Dataset, volumes: xr.Dataset) -> str:
    percent = truth["difference_percent"].sel(population=group, region=volumes["region"]).values
    happened = np.select([percent < 0, percent > 0], ["smaller", "larger"], "the same").astype(object)
    verdict = volumes["verdict"].sel(population=group).values
    parts = []
    for kind in ("smaller", "larger"):
        if (happened == kind).any():
            right = int((verdict[happened == kind] == kind).sum())
            parts.append(f"of {(happened == kind).sum()} regions truly {kind}, {right} called {kind}")
    same = happened == "the same"
    if same.any():
        wrong = int(np.isin(verdict[same], ["smaller", "larger"]).sum())
        parts.append(f"of {same.sum()} that do not differ, {wrong} called smaller or larger")
    return f"{group}, volumes: {'; '.join(parts)}."


def _named(group: str, verdict: np.ndarray, happened: np.ndarray) -> str:
    parts = []
    for kind in CHANGES:
        true = happened == kind
        if true.any():
            right, undecided = (verdict[true] == kind).sum(), (verdict[true] == "undecided").sum()
            other = true.sum() - right - undecided
            rest = f", {other} called otherwise" if other else ""
            parts.append(f"of {true.sum()} truly {kind}, {right} named, {undecided} left undecided{rest}")
    called = np.isin(verdict, CHANGES)
    wrong = int((called & (verdict != happened)).sum())
    parts.append(f"{wrong} of the {called.sum()} named are wrong")
    return f"{group}, single connections: {'; '.join(parts)}."


def _numbers(group: str, edges: xr.Dataset, happened: np.ndarray) -> str:
    parts = []
    for kind in ("added", "missing"):
        mean, low, high = (float(edges[f"n_{kind}{end}"]) for end in ("", "_low", "_high"))
        parts.append(f"{mean:.0f} ({low:.0f} to {high:.0f}) {kind}, truly {(happened == kind).sum()}")
    gained, lost = (float(edges[f"p_more_{way}"]) for way in ("added_than_missing", "missing_than_added"))
    return f"{group}, numbers: {'; '.join(parts)}; probability of more added than missing {gained:.2f}, of more missing {lost:.2f}."


def best_possible_auc(cohort: Cohort, between: tuple[str, str]) -> float:
    """Area under the ROC curve of the likelihood ratio of the very densities that the volumes were drawn from.

    Parameters
    ----------
    cohort : Cohort
        Made by `simulate_study`: its truth knows the slopes of age, sex and icv.
    between : (str, str)
        The two patient groups.

    Returns
    -------
    float
        What no classifier of these people can be expected to exceed.

    Examples
    --------
    >>> import bayescov as bc
    >>> from bayescov.simulate import best_possible_auc
    >>> best_possible_auc(bc.simulate_study("ms-nmosd", seed=1), ("MS", "NMOSD")) > 0.9
    True
    """
    from scipy.stats import multivariate_normal
    from sklearn.metrics import roc_auc_score

    known, x = cohort.truth, cohort.covariates
    assert known is not None
    columns = np.column_stack([x["age"] - 36, (x["sex"] == "M") - 0.5, np.log(x["icv"] / 1.5e6)])
    rest = np.log(cohort.volumes.to_numpy()) - columns @ known["slope"].to_numpy()
    densities = []
    for population in between:
        here = known.sel(population=population)
        sd = here["sd"].to_numpy()
        covariance = from_edges(here["correlation"].to_numpy()) * np.outer(sd, sd)
        densities.append(multivariate_normal(here["mean"].to_numpy(), covariance).logpdf(rest))
    patients = cohort.group.isin(between).to_numpy()
    ratio = (densities[0] - densities[1])[patients]
    return float(roc_auc_score(cohort.group[patients] == between[0], ratio))
