"""Connections under several models at once, each counting by its weight."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.errors import AnswerError
from bayescov.posterior.alike import require_same_groups, require_same_regions
from bayescov.posterior.arguments import require_fit
from bayescov.posterior.connections import AGREED, answer_connections, connections, verdicts_of
from bayescov.posterior.events import CHANGES, DEFINITIONS
from bayescov.posterior.structures import agreed

__all__ = ["average_connections"]

STATEMENTS = (*CHANGES, "unchanged")
# Of the answers of every model: what else is said of them is of one model, such as its draws and special cases.
KEPT = (
    "control", "study", "kind", "threshold", "margin", "fdr", "definition_difference",
    *(f"definition_{name}" for name in DEFINITIONS),
)  # fmt: skip
AVERAGED = ("p_present_control", "p_present", "control_mean", "mean", "difference", "n_added", "n_missing")


def average_connections(
    fits: Mapping[str, xr.DataTree], weights: xr.Dataset | Mapping[str, float], **settings: Any
) -> xr.Dataset:
    """Probabilities averaged over models, their range over the models, and verdicts that take both into account.

    What is averaged are answers of `connections`, in which a fit may be mixed with its structural special cases. The weights of
    `compare_models` judge each fit by itself: of its special cases how well they foretell each person is not stored, only all of
    them in sum, and that decides their share within the answers.

    Parameters
    ----------
    fits : mapping of str to DataTree
        Fits of one design. Patient groups and connections are matched by their names, whatever their order.
    weights : xarray.Dataset or mapping
        What `compare_models` returned, or a weight for each fit; scaled to sum to one.
    **settings
        Arguments of `connections`.

    Returns
    -------
    xarray.Dataset
        Over (population, edge): ``p_added``, ``p_missing``, ``p_reversed``, ``p_unchanged``, each with ``_low`` and
        ``_high`` over the models of any weight and their special cases, averages of the other probabilities and means, and ``verdict``.
        Over (population): ``n_added``, ``n_missing``, ``p_more_added_than_missing``, ``p_more_missing_than_added``.

    Raises
    ------
    AnswerError
        If a fit has no weight, a weight is negative, or the fits are not of the same people, groups and regions.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1))
    >>> fits = {m: bc.fit(design, model=m, seed=1) for m in ("separate", "pooled")}
    >>> bc.average_connections(fits, {"separate": 0.2, "pooled": 0.8})["verdict"].dims
    ('population', 'edge')
    """
    share = _shares(fits, weights)
    for fit in fits.values():
        require_fit(fit, "correlation")
    require_same_groups(fits)
    require_same_regions(fits)
    asked = {**(connections.__kwdefaults__ or {}), **settings}
    answers = _matched({name: answer_connections(fit, **asked) for name, fit in fits.items()})
    first = next(iter(answers.values()))
    names = [
        *(f"p_{s}" for s in STATEMENTS),
        *AVERAGED,
        "p_more_added_than_missing",
        "p_more_missing_than_added",
    ]
    counted = [m for m in answers if share[m] > 0]
    tables: dict[str, Any] = {name: (first[name].dims, _averaged(name, answers, share)) for name in names}
    for statement in STATEMENTS:
        for end, widest in (("low", np.min), ("high", np.max)):
            values = [_end_of(answers[m], f"p_{statement}", end) for m in counted]
            tables[f"p_{statement}_{end}"] = (first[f"p_{statement}"].dims, widest(values, axis=0))
    # As if each model's own agreement were its probability; of a single model its verdicts are what comes of it.
    sure = {m: answers[m][AGREED].to_numpy() for m in counted}
    tables[AGREED] = (first[AGREED].dims, agreed(_averaged(AGREED, answers, share), sure, share))
    fdr = float(first.attrs["fdr"])
    several = any("p_unchanged_low" in answers[m] for m in counted)
    tables["verdict"] = (first["verdict"].dims, verdicts_of(tables, fdr, several=several))
    del tables[AGREED]
    attrs = {"question": "average_connections", **{k: first.attrs[k] for k in KEPT if k in first.attrs}}
    attrs["weights"] = ", ".join(f"{m}: {share[m]:.3f}" for m in share)
    attrs["definition_weights"] = (
        "share of each model in the averages; of compare_models, by how well the fit by itself predicts people left out, without "
        "the structural special cases that its probabilities may be averaged with"
    )
    attrs["definition_range"] = (
        "lowest and highest over the models that have a weight, and their structural special cases"
    )
    attrs["definition_verdict"] = (
        "changes: per group, the largest set whose expected false discovery rate is at most fdr by the averaged probability, of "
        "those where it is at least 1 - 3 fdr, also averaged once more with that of any model by the model's weight, each model's "
        "being the lowest that it and its special cases agree on (there, one or two changes may also be 3 fdr wrong in all); of "
        "the rest, unchanged: per group, the largest set whose expected false discovery rate by the low ends of the range is at most fdr"
    )
    coords = {k: v for k, v in first.coords.items() if k != "other"}
    return xr.Dataset(tables, coords, attrs)


def _averaged(name: str, answers: Mapping[str, xr.Dataset], share: Mapping[str, float]) -> Any:
    """The average of one answer of all models."""
    return sum(share[m] * answers[m][name].to_numpy() for m in answers)


def _end_of(answers: xr.Dataset, name: str, end: str) -> npt.NDArray:
    """The low or high end of a probability over a model's special cases; where it has none, the probability."""
    return answers[f"{name}_{end}" if f"{name}_{end}" in answers else name].to_numpy()


def _matched(answers: dict[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """All answers with the patient groups and connections in the order of the first."""
    first = next(iter(answers.values()))
    wanted = _pairs(first)
    matched = {}
    for name, one in answers.items():
        place = {pair: e for e, pair in enumerate(_pairs(one))}
        in_order = one.drop_dims("other", errors="ignore").sel(population=first["population"].values)
        matched[name] = in_order.isel(edge=[place[pair] for pair in wanted])
    return matched


def _pairs(answers: xr.Dataset) -> list[frozenset[str]]:
    """The two regions of each connection, which has no direction."""
    ends = zip(answers["region_a"].to_numpy(), answers["region_b"].to_numpy(), strict=True)
    return [frozenset((str(a), str(b))) for a, b in ends]


def _shares(fits: Mapping[str, xr.DataTree], weights: xr.Dataset | Mapping[str, float]) -> dict[str, float]:
    if isinstance(weights, xr.Dataset):
        given = dict(zip(weights["model"].to_numpy(), weights["weight"].to_numpy(), strict=True))
    else:
        given = dict(weights)
    missing = [name for name in fits if name not in given]
    if missing:
        raise AnswerError(
            f"there is no weight for {', '.join(missing)} (weights: {', '.join(map(str, given))}); give every fit one"
        )
    values = {name: float(given[name]) for name in fits}
    if not all(v >= 0 for v in values.values()) or not sum(values.values()) > 0:
        raise AnswerError(f"weights must be zero or more, and not all zero; got {values}")
    return {name: v / sum(values.values()) for name, v in values.items()}
