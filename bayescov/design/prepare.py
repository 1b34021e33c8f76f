"""From a Cohort to a Design: transform, formula, sites, standardisation by the controls."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayescov.cohort.enough import too_few_controls, unmeasured
from bayescov.cohort.table import CheckResult, Cohort
from bayescov.design.arrays import Design
from bayescov.design.formula import level_labels, model_matrix, require_columns
from bayescov.errors import DesignError, nearest

__all__ = ["prepare"]

Floats = npt.NDArray[np.float64]
TRANSFORMS = ("log", "identity")
LINKED = 0.25  # below this share of the information, groups and sites nearly go together


def prepare(
    cohort: Cohort,
    *,
    covariates: str = "",
    transform: str = "log",
    site: str | None = None,
) -> Design:
    """Turn a cohort into the arrays a model sees.

    Parameters
    ----------
    cohort : Cohort
    covariates : str
        Right-hand side of a formula (formulaic), for instance ``"age + sex + log(icv)"``. The intercept and the
        groups are added by the model.
    transform : {"log", "identity"}
        Applied to the volumes. Volumes are positive and their spread grows with their size, so the default is the
        natural logarithm.
    site : str, optional
        A column of the cohort: scanner or centre, given a varying intercept for each region.

    Returns
    -------
    Design
        Volumes centred by the controls' mean and divided by the controls' residual standard deviation, so that
        multiplying a region by any constant changes nothing but the unit (on the log scale, nothing at all).

    Raises
    ------
    DesignError
        If an argument is of another kind, the formula names an unknown column or a power that is none, a covariate has missing
        values, a level has one person only, the controls are fewer than three, a region does not vary, or the groups, sites and
        other covariates determine a covariate.

    Examples
    --------
    >>> import bayescov as bc
    >>> cohort = bc.simulate_study("ms-nmosd", seed=1)
    >>> bc.prepare(cohort, covariates="age + sex + log(icv)").covariates
    ('age', 'sex[T.M]', 'log(icv)')
    """
    _require_types(cohort, covariates)
    y, subjects, regions = _transformed(cohort, transform)
    populations = cohort.groups
    codes = np.array([populations.index(g) for g in cohort.group], dtype=int)
    x, names, levels = model_matrix(cohort, covariates)
    x_center = x.mean(axis=0)
    x_scale = x.std(axis=0)
    _require_variation(names, x, x_scale)
    x = (x - x_center) / x_scale
    site_codes, sites, checks = _sites(cohort, site, codes, populations)
    _require_full_rank(codes, site_codes, x, names, populations)
    center, scale = _control_location_and_scale(y, x, codes, regions)
    few = unmeasured(cohort.volumes, cohort.group)
    if few:
        raise DesignError(few)

    subject = ("subject", np.array(subjects, object))
    region = ("region", np.array(regions, object))
    covariate = ("covariate", np.array(names, object))
    return Design(
        y=xr.DataArray((y - center) / scale, coords=[subject, region], name="y"),
        x=xr.DataArray(x, coords=[subject, covariate], name="x"),
        population=xr.DataArray(codes, coords=[subject], name="population_code"),
        populations=populations,
        center=xr.DataArray(center, coords=[region], name="center"),
        scale=xr.DataArray(scale, coords=[region], name="scale"),
        covariate_center=xr.DataArray(x_center, coords=[covariate]),
        covariate_scale=xr.DataArray(x_scale, coords=[covariate]),
        transform=transform,
        formula=covariates.strip(),
        levels=levels,
        site=None
        if site_codes is None
        else xr.DataArray(site_codes, coords=[subject], attrs={"column": site}),
        sites=sites,
        checks=(*cohort.checks, *checks),
    )


def _require_types(cohort: Any, covariates: Any) -> None:
    if not isinstance(cohort, Cohort):
        hint = "; read the table with read_cohort first" if isinstance(cohort, (pd.DataFrame, str)) else ""
        raise DesignError(f"a design is made from a Cohort, not from {type(cohort).__name__}{hint}")
    if not isinstance(covariates, str):
        several = isinstance(covariates, (list, tuple)) and covariates
        example = " + ".join(map(str, covariates)) if several else "age + sex"
        raise DesignError(
            f"covariates={covariates!r} must be the right-hand side of a formula, as text; write covariates={example!r}"
        )


def _transformed(cohort: Cohort, transform: str) -> tuple[Floats, tuple[str, ...], tuple[str, ...]]:
    if transform not in TRANSFORMS:
        raise DesignError(
            f"transform={transform!r} is not known{nearest(str(transform), TRANSFORMS)}; use one of: {', '.join(TRANSFORMS)}"
        )
    volumes = cohort.volumes
    values = volumes.to_numpy(dtype=float)
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise DesignError(
            f"subject {volumes.index[row]} has an infinite volume in {volumes.columns[column]}; mark it missing"
        )
    if transform == "identity":
        return values, cohort.subjects, cohort.regions
    bad = np.argwhere(values <= 0)
    if len(bad):
        row, column = bad[0]
        raise DesignError(
            f"a logarithm needs positive volumes, but subject {volumes.index[row]} has {values[row, column]:g} in "
            f"{volumes.columns[column]} ({len(bad)} such values in all); mark them missing or use transform='identity'"
        )
    return np.log(values), cohort.subjects, cohort.regions


def _require_variation(names: list[str], x: Floats, scale: Floats) -> None:
    for name, column, spread in zip(names, x.T, scale, strict=True):
        if not spread > 1e-10 * np.abs(column).max():
            raise DesignError(f"the covariate term {name!r} has the same value for everybody; leave it out")


def _require_full_rank(
    codes: npt.NDArray[np.int_],
    site_codes: npt.NDArray[np.int_] | None,
    x: Floats,
    names: list[str],
    populations: tuple[str, ...],
) -> None:
    """Refuse a covariate that the groups, the sites and the covariates before it determine."""
    if x.shape[0] < len(populations) + x.shape[1]:
        raise DesignError(
            f"there are {x.shape[0]} people for {len(populations) + x.shape[1]} groups and covariate terms "
            f"({', '.join([*populations, *names])}); use fewer covariates"
        )
    before, known = np.eye(len(populations))[codes], ["the groups"]
    if site_codes is not None:
        before, known = (
            np.hstack([before, np.eye(site_codes.max() + 1)[site_codes]]),
            ["the groups", "the sites"],
        )
    for column, name in enumerate(names):
        more = np.hstack([before, x[:, [column]]])
        if np.linalg.matrix_rank(more) == np.linalg.matrix_rank(before):
            raise DesignError(
                f"the covariate term {name!r} is determined by {', '.join(known)}, so its effect cannot be "
                "separated from theirs (rank-deficient design); leave one of them out"
            )
        before, known = more, [*known, name]


def _sites(
    cohort: Cohort, site: str | None, codes: npt.NDArray[np.int_], populations: tuple[str, ...]
) -> tuple[npt.NDArray[np.int_] | None, tuple[str, ...], tuple[CheckResult, ...]]:
    if site is None:
        return None, (), ()
    if not isinstance(site, str):
        raise DesignError(f"site={site!r} must be the name of a column of the covariates, as text")
    table = cohort.covariates
    require_columns([site], table, asking="the sites are to be in the column")
    if table[site].isna().any():
        who = cohort.subjects[int(np.flatnonzero(table[site].isna())[0])]
        raise DesignError(f"the site {site!r} is missing for {who}; every person needs one")
    labels, known = level_labels(table[site])
    sites = tuple(known)
    if len(sites) == 1:
        raise DesignError(f"the column {site!r} names only one site ({sites[0]}); leave site= out")
    site_codes = np.array([sites.index(s) for s in labels], dtype=int)
    counts = np.zeros((len(sites), len(populations)), dtype=int)
    np.add.at(counts, (site_codes, codes), 1)
    table_of_counts = pd.DataFrame(counts, index=list(sites), columns=list(populations))
    indicator = np.hstack([np.eye(len(populations))[codes], np.eye(len(sites))[site_codes]])
    linked = np.linalg.matrix_rank(indicator) == indicator.shape[1] - 1
    shown = "; ".join(
        f"{s}: " + ", ".join(f"{n} {p}" for n, p in zip(row, populations, strict=True) if n)
        for s, row in zip(sites, counts, strict=True)
    )
    thin = _thinly_linked(indicator, populations) if linked else []
    if linked and not thin:
        text = f"{len(sites)} sites, groups and sites can be told apart ({shown})."
    elif linked:
        text = (
            f"group and site are nearly confounded: little of the information on the difference from {populations[0]} is left "
            f"once every site has a level of its own ({', '.join(thin)}), for few people of both share a site ({shown})."
        )
    else:
        text = (
            f"group and site are confounded: some groups and sites are linked by nobody, so a difference of groups "
            f"cannot be told from a difference of scanners ({shown}). Results rest on the prior of the site effects."
        )
    return site_codes, sites, (CheckResult("sites", bool(linked) and not thin, text, table_of_counts),)


def _thinly_linked(indicator: Floats, populations: tuple[str, ...]) -> list[str]:
    """Patient groups whose difference from the controls becomes uncertain once sites have levels of their own.

    `indicator` has a column for each group, then one for each site. The share said is that of the information (one over
    the variance of the difference) that is left.
    """
    n = len(populations)
    variance = np.linalg.inv((kept := np.delete(indicator, n, axis=1)).T @ kept)
    sizes, found = indicator[:, :n].sum(axis=0), []
    for g, name in enumerate(populations[1:], 1):
        left = (1 / sizes[0] + 1 / sizes[g]) / (variance[0, 0] + variance[g, g] - 2 * variance[0, g])
        if left < LINKED:
            found.append(f"{name} {100 * left:.0f} %")
    return found


def _control_location_and_scale(
    y: Floats, x: Floats, codes: npt.NDArray[np.int_], regions: tuple[str, ...]
) -> tuple[Floats, Floats]:
    """Controls' mean, and residual SD after the covariates where the controls are enough to estimate it."""
    control = codes == 0
    few = too_few_controls(pd.DataFrame(y[control], columns=list(regions)))
    if few:
        raise DesignError(few)
    center, scale = np.empty(y.shape[1]), np.empty(y.shape[1])
    for j, region in enumerate(regions):
        seen = control & np.isfinite(y[:, j])
        values = y[seen, j]
        center[j] = values.mean()
        regressors = np.hstack([np.ones((seen.sum(), 1)), x[seen]])
        spare = seen.sum() - np.linalg.matrix_rank(regressors)
        if spare < 3:
            regressors, spare = np.ones((seen.sum(), 1)), seen.sum() - 1
        residuals = values - regressors @ np.linalg.lstsq(regressors, values, rcond=None)[0]
        scale[j] = np.sqrt((residuals**2).sum() / spare)
        if not scale[j] > 1e-9 * np.abs(values).max():
            raise DesignError(
                f"{region} does not vary among the controls once the covariates are removed; leave the region out"
            )
    return center, scale
