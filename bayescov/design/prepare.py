"""From a Cohort to a Design: transform, formula, sites, standardisation by the controls."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayescov.cohort.table import CheckResult, Cohort
from bayescov.design.arrays import Design
from bayescov.errors import DesignError, nearest

__all__ = ["prepare"]

Floats = npt.NDArray[np.float64]
TRANSFORMS = ("log", "identity")


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
        If the formula names an unknown column, a covariate has missing values, a level has one person only, a
        region does not vary, or the design is rank-deficient.

    Examples
    --------
    >>> import bayescov as bc
    >>> cohort = bc.simulate_study("ms-nmosd", seed=1)
    >>> bc.prepare(cohort, covariates="age + sex + log(icv)").covariates
    ('age', 'sex[T.M]', 'log(icv)')
    """
    y, subjects, regions = _transformed(cohort, transform)
    populations = cohort.groups
    codes = np.array([populations.index(g) for g in cohort.group], dtype=int)
    x, names, levels = _model_matrix(cohort, covariates)
    x_center = x.mean(axis=0)
    x_scale = x.std(axis=0)
    _require_variation(names, x_scale)
    x = (x - x_center) / x_scale
    site_codes, sites, checks = _sites(cohort, site, codes, populations)
    _require_full_rank(np.eye(len(populations))[codes], x, names, populations)
    center, scale = _control_location_and_scale(y, x, codes, regions)

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
        site=None if site_codes is None else xr.DataArray(site_codes, coords=[subject]),
        sites=sites,
        checks=checks,
    )


def _transformed(cohort: Cohort, transform: str) -> tuple[Floats, tuple[str, ...], tuple[str, ...]]:
    if transform not in TRANSFORMS:
        raise DesignError(
            f"transform={transform!r} is not known{nearest(transform, TRANSFORMS)}; use one of: {', '.join(TRANSFORMS)}"
        )
    volumes = cohort.volumes
    values = volumes.to_numpy(dtype=float)
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


def _model_matrix(cohort: Cohort, formula: str) -> tuple[Floats, list[str], dict[str, list[str]]]:
    if not formula.strip() or formula.strip() in ("0", "1"):
        return np.empty((len(cohort.subjects), 0)), [], {}
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    table = cohort.covariates
    try:
        parsed = Formula(f"1 + {formula}")
        required = sorted(str(v) for v in parsed.required_variables)
    except (FormulaicError, SyntaxError) as error:
        first = str(error).splitlines()[0]
        raise DesignError(f"the formula {formula!r} cannot be read: {first}") from error
    _require_columns(required, table)
    levels = _require_usable(required, table, cohort)
    for name, known in levels.items():
        table[name] = pd.Categorical(table[name].astype(str), categories=known)
    try:
        matrix = parsed.get_model_matrix(table, na_action="raise")
    except Exception as error:  # a formula can run any function of the table: report its own words
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DesignError(f"the formula {formula!r} cannot be evaluated on this table: {first}") from error
    frame = pd.DataFrame(matrix).drop(columns="Intercept", errors="ignore")
    values = frame.to_numpy(dtype=float)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise DesignError(
            f"the term {frame.columns[column]!r} is not a finite number for subject {cohort.subjects[row]}; "
            "check the values it is made of"
        )
    return values, [str(c) for c in frame.columns], levels


def _require_columns(required: list[str], table: pd.DataFrame) -> None:
    for name in required:
        if name not in table.columns:
            columns = ", ".join(map(str, table.columns)) or "none"
            raise DesignError(
                f"the formula asks for {name!r}, which is not among the covariates{nearest(name, list(table.columns))} "
                f"(covariates of this cohort: {columns})"
            )


def _require_usable(required: list[str], table: pd.DataFrame, cohort: Cohort) -> dict[str, list[str]]:
    levels: dict[str, list[str]] = {}
    for name in required:
        column = table[name]
        missing = column.isna()
        if missing.any():
            ids = [s for s, m in zip(cohort.subjects, missing, strict=True) if m]
            shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
            raise DesignError(
                f"the covariate {name!r} is missing for {len(ids)} of {len(column)} people ({shown}); fill it in, "
                "leave these people out, or leave the covariate out"
            )
        if pd.api.types.is_numeric_dtype(column):
            continue
        counts = column.astype(str).value_counts()
        for level in counts.index[counts == 1]:
            who = cohort.subjects[int(np.flatnonzero(column.astype(str) == level)[0])]
            raise DesignError(
                f"the covariate {name!r} has only one person at the level {level!r} ({who}), so its effect cannot be "
                "told from that person; merge the level with another or leave the person out"
            )
        levels[name] = sorted(counts.index)
    return levels


def _require_variation(names: list[str], scale: Floats) -> None:
    for name, spread in zip(names, scale, strict=True):
        if not spread > 1e-12:
            raise DesignError(f"the covariate term {name!r} has the same value for everybody; leave it out")


def _require_full_rank(dummies: Floats, x: Floats, names: list[str], populations: tuple[str, ...]) -> None:
    full = np.hstack([dummies, x])
    if np.linalg.matrix_rank(full) == full.shape[1]:
        return
    for column in range(x.shape[1]):
        before = np.hstack([dummies, x[:, :column]])
        if np.linalg.matrix_rank(np.hstack([before, x[:, [column]]])) == np.linalg.matrix_rank(before):
            rest = ["the groups", *names[:column]]
            raise DesignError(
                f"the covariate term {names[column]!r} is determined by {', '.join(rest)}, so its effect cannot be "
                "separated from theirs (rank-deficient design); leave one of them out"
            )
    raise DesignError(
        f"there are {full.shape[0]} people for {full.shape[1]} groups and covariate terms ({', '.join(populations)}); "
        "use fewer covariates"
    )


def _sites(
    cohort: Cohort, site: str | None, codes: npt.NDArray[np.int_], populations: tuple[str, ...]
) -> tuple[npt.NDArray[np.int_] | None, tuple[str, ...], tuple[CheckResult, ...]]:
    if site is None:
        return None, (), ()
    table = cohort.covariates
    _require_columns([site], table)
    if table[site].isna().any():
        who = cohort.subjects[int(np.flatnonzero(table[site].isna())[0])]
        raise DesignError(f"the site {site!r} is missing for {who}; every person needs one")
    labels = table[site].astype(str)
    sites = tuple(sorted(labels.unique()))
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
    if linked:
        text = f"{len(sites)} sites, groups and sites can be told apart ({shown})."
    else:
        text = (
            f"group and site are confounded: some groups and sites are linked by nobody, so a difference of groups "
            f"cannot be told from a difference of scanners ({shown}). Results rest on the prior of the site effects."
        )
    return site_codes, sites, (CheckResult("sites", bool(linked), text, table_of_counts),)


def _control_location_and_scale(
    y: Floats, x: Floats, codes: npt.NDArray[np.int_], regions: tuple[str, ...]
) -> tuple[Floats, Floats]:
    """Controls' mean, and residual SD after the covariates where the controls are enough to estimate it."""
    control = codes == 0
    center, scale = np.empty(y.shape[1]), np.empty(y.shape[1])
    for j, region in enumerate(regions):
        seen = control & np.isfinite(y[:, j])
        if seen.sum() < 3:
            raise DesignError(
                f"only {int(seen.sum())} of the controls have a volume for {region}; at least 3 are needed to scale it: "
                "leave the region out"
            )
        values = y[seen, j]
        center[j] = values.mean()
        regressors = np.hstack([np.ones((seen.sum(), 1)), x[seen]])
        spare = seen.sum() - np.linalg.matrix_rank(regressors)
        if spare < 3:
            regressors, spare = np.ones((seen.sum(), 1)), seen.sum() - 1
        residuals = values - regressors @ np.linalg.lstsq(regressors, values, rcond=None)[0]
        scale[j] = np.sqrt((residuals**2).sum() / spare)
        if not scale[j] > 1e-9 * max(1.0, abs(center[j])):
            raise DesignError(
                f"{region} does not vary among the controls once the covariates are removed; leave the region out"
            )
    return center, scale
