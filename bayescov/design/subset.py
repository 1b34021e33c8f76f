"""Some people of a design, standardised afresh: nothing of those left out remains in the numbers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.design.arrays import Design
from bayescov.design.prepare import _control_location_and_scale, _require_full_rank, _require_variation
from bayescov.errors import DesignError

__all__ = ["drop", "raw_covariates", "raw_volumes", "subset"]

Floats = npt.NDArray[np.float64]


def subset(design: Design, people: Sequence[int] | npt.NDArray[np.int_]) -> Design:
    """The design of these people only, as `prepare` would have made it from them alone.

    Volumes are centred and scaled by the controls among them, covariates by all of them. Transformations inside a
    formula that learn from the data (splines, ``poly``) keep what they learnt from everybody.

    Parameters
    ----------
    design : Design
    people : sequence of int
        Positions of the people to keep, in the order wanted.

    Returns
    -------
    Design

    Raises
    ------
    DesignError
        If a group is empty, a covariate or a region does not vary among them, or covariates determine the groups.

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1))
    >>> len(subset(design, range(0, 109, 2)).subjects)
    55
    """
    people = np.asarray(people, dtype=int)
    codes = design.population.values[people]
    for g, name in enumerate(design.populations):
        if not (codes == g).any():
            raise DesignError(f"the group {name!r} has nobody among the people kept; keep some of each group")
    y, x = raw_volumes(design)[people], raw_covariates(design)[people]
    names = list(design.covariates)
    x_center, x_scale = x.mean(axis=0), x.std(axis=0)
    _require_variation(names, x, x_scale)
    x = (x - x_center) / x_scale
    sites = None if design.site is None else design.site.values[people]
    _require_full_rank(codes, sites, x, names, design.populations)
    center, scale = _control_location_and_scale(y, x, codes, design.regions)

    def like(old: xr.DataArray, values: npt.NDArray) -> xr.DataArray:
        return old.isel(subject=people).copy(data=values) if "subject" in old.dims else old.copy(data=values)

    return replace(
        design,
        y=like(design.y, (y - center) / scale),
        x=like(design.x, x),
        population=like(design.population, codes),
        center=like(design.center, center),
        scale=like(design.scale, scale),
        covariate_center=like(design.covariate_center, x_center),
        covariate_scale=like(design.covariate_scale, x_scale),
        site=None if design.site is None or sites is None else like(design.site, sites),
    )


def drop(design: Design, people: Sequence[int] | npt.NDArray[np.int_]) -> Design:
    """The design without these people, everybody else's numbers as they are: for comparing densities."""
    keep = np.setdiff1d(np.arange(len(design.subjects)), np.asarray(people, dtype=int))
    return replace(
        design,
        y=design.y.isel(subject=keep),
        x=design.x.isel(subject=keep),
        population=design.population.isel(subject=keep),
        site=None if design.site is None else design.site.isel(subject=keep),
    )


def raw_volumes(design: Design) -> Floats:
    """(subject, region): transformed volumes before standardisation."""
    return np.asarray(design.y.values * design.scale.values + design.center.values, dtype=float)


def raw_covariates(design: Design) -> Floats:
    """(subject, covariate): columns of the formula before standardisation."""
    return np.asarray(
        design.x.values * design.covariate_scale.values + design.covariate_center.values, dtype=float
    )
