"""Which regions are smaller or larger in a patient group, in control SDs and as percent of the controls' volume."""

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.errors import AnswerError
from bayescov.posterior.arguments import draws_of, patients_of, require_fit, require_number
from bayescov.posterior.draws import central_interval
from bayescov.posterior.inclusion import bayes_factor
from bayescov.posterior.verdicts import verdicts
from bayescov.sampling.tree import design_of, spec_of

__all__ = ["volumes"]

Floats = npt.NDArray[np.float64]


def volumes(
    fit: xr.DataTree, *, interval: float = 0.95, fdr: float = 0.05, margin: float = 0.2
) -> xr.Dataset:
    """Difference of each region's volume from the controls', covariates held equal.

    Parameters
    ----------
    fit : xarray.DataTree
        What `fit` returned.
    interval : float
        In (0, 1). Probability of the central intervals.
    fdr : float
        In [0, 1). Expected share of wrong ones among the regions of a patient group called smaller or larger,
        and among those called unchanged.
    margin : float
        Control SDs. A region is called smaller or larger if its difference is further from zero than this, unchanged if it is
        closer. With 0 the sign alone is called: where the truth is no difference at all, that is never right.

    Returns
    -------
    xarray.Dataset
        Over (population, region), the populations being the patient groups: ``difference_sd`` (posterior mean of
        patients minus controls, in SDs of the controls) with ``difference_sd_low`` and ``_high``,
        ``difference_percent`` (of the controls' volume) with ``_low`` and ``_high``; ``p_smaller``,
        of the sign alone; ``p_smaller_by_margin``, ``p_larger_by_margin`` and ``p_unchanged``, which sum to one; and ``verdict``:
        "smaller", "larger", "unchanged" or "undecided". Where the model has structures that differ and others that hardly do
        ([focal]), ``p_differs``, that this is one of the first, left and right together, and its ``bayes_factor``.

    Raises
    ------
    AnswerError
        If this is no fit, it has no patient group, or an argument is out of its range.

    Examples
    --------
    >>> import bayescov as bc
    >>> cohort = bc.simulate_study("ms-nmosd", seed=1)
    >>> fit = bc.fit(bc.prepare(cohort), model="separate", seed=1)
    >>> bc.volumes(fit)["p_smaller"].dims
    ('population', 'region')
    """
    interval = require_number("interval", interval, low=0.0, high=1.0, closed="neither")
    fdr = require_number("fdr", fdr, low=0.0, high=1.0, closed="left")
    margin = require_number("margin", margin, low=0.0, high=10.0)
    require_fit(fit, "mean")
    control, patients = patients_of(fit)
    design = design_of(fit)

    means = np.moveaxis(np.asarray(draws_of(fit, "mean"), dtype=float), 0, -1)  # population, region, draw
    difference = means[1:] - means[:1]
    percent = design.percent(difference.swapaxes(-1, -2), design.scale.values).swapaxes(-1, -2)
    tables: dict[str, npt.NDArray] = {}
    for name, draws in (("difference_sd", difference), ("difference_percent", percent)):
        tables[name] = draws.mean(axis=-1)
        tables[f"{name}_low"], tables[f"{name}_high"] = central_interval(draws, interval)
    tables["p_smaller"] = (difference < 0).mean(axis=-1)
    ways = {"smaller": difference < -margin, "larger": difference > margin}
    by_margin = np.stack([way.mean(axis=-1) for way in ways.values()], axis=1)  # population, way, region
    tables["p_smaller_by_margin"], tables["p_larger_by_margin"] = by_margin.swapaxes(0, 1)
    unchanged = ~(ways["smaller"] | ways["larger"])
    tables["p_unchanged"] = unchanged.mean(axis=-1)
    tables["verdict"] = np.stack(
        [verdicts(tuple(ways), p, u, fdr) for p, u in zip(by_margin, tables["p_unchanged"], strict=True)]
    )
    coords = {"population": np.array(patients, dtype=object), "region": fit["posterior"]["region"].values}
    attrs = {
        "question": "volumes",
        "control": control,
        "study": design.study,
        "interval": interval,
        "fdr": fdr,
        "margin": margin,
        "draws": means.shape[-1],
        "transform": design.transform,
        "definition_difference_sd": "mean of the group minus mean of the controls at equal covariates, in control SDs",
        "definition_difference_percent": "the same as percent of the controls' volume",
        "definition_smaller": "difference < 0; by margin: difference < -margin control SDs",
        "definition_larger": "by margin: difference > margin control SDs",
        "definition_unchanged": "neither smaller nor larger by margin",
        "definition_verdict": (
            "per group, the largest set of regions most probably smaller, or larger, by margin whose expected false discovery "
            "rate is at most fdr; of the rest, those called unchanged by the same rule"
        ),
    }
    if "mean_included" in fit["posterior"].data_vars:
        own, same_sd = _differs(fit)
        tables |= own
        attrs["same_sd"] = same_sd
        attrs["definition_differs"] = (
            "the structure, left and right, is one of those that differ; the others are Normal(0, same_sd) control SDs"
        )
    return xr.Dataset({k: (("population", "region"), v) for k, v in tables.items()}, coords, attrs)


def _differs(fit: xr.DataTree) -> tuple[dict[str, Floats], float]:
    """How often a structure is one that differs, and the posterior odds of that over those beforehand; what the others are within."""
    included, focal = draws_of(fit, "mean_included") > 0, spec_of(fit).focal
    if focal is None:
        raise AnswerError(
            "this fit holds structures that may hardly differ, but its model has no [focal] section; the file was changed after "
            "sampling: fit again"
        )
    counts, prior = included.sum(axis=0), focal.share_a / (focal.share_a + focal.share_b)
    tables = {
        "p_differs": counts / len(included),
        "bayes_factor": bayes_factor(counts, len(included), prior),
    }
    return tables, focal.same_sd
