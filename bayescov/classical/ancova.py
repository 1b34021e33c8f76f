"""Volumes: analysis of covariance, region by region."""

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.classical.answers import false_discovery, require_share
from bayescov.design import Design, require_design
from bayescov.errors import AnswerError

__all__ = ["ancova"]

Floats = npt.NDArray[np.float64]
REGIONS = ("population", "region")


def ancova(design: Design, *, robust: bool = False, interval: float = 0.95) -> xr.Dataset:
    """Compare every region's volume of every patient group with the controls by least squares.

    One regression a region, ``y ~ groups + covariates + sites``, over everybody who has the region's volume.

    Parameters
    ----------
    design : Design
    robust : bool
        Standard errors that allow each person a variance of their own (HC3), for groups that differ in spread.
        Partial eta squared stays that of the ordinary analysis.
    interval : float
        Probability of the confidence intervals, between 0 and 1.

    Returns
    -------
    xarray.Dataset
        Over (population, region), the populations being the patient groups: ``difference_sd`` in the controls'
        SDs, and ``difference_percent`` of the controls' volume, each with ``_low`` and ``_high``;
        ``standard_error`` (SDs), ``statistic`` (t), ``p_value`` (two-sided), ``q_value`` (Benjamini & Hochberg over the
        regions of a patient group) and ``partial_eta_squared``.
        Over (region): ``p_groups``, that any group differs from another (F), ``q_groups``, ``partial_eta_squared_groups``,
        ``degrees_of_freedom`` of the residuals and ``n`` people used.

    Raises
    ------
    AnswerError
        If there is nobody to compare with, nobody is left over to estimate the error, or groups and sites are
        confounded.

    References
    ----------
    Long, J. S. and Ervin, L. (2000). Using heteroscedasticity consistent standard errors in the linear regression
    model. American Statistician 54 (HC3).

    Examples
    --------
    >>> import bayescov as bc
    >>> design = bc.prepare(bc.simulate_study("ms-nmosd", seed=1), covariates="age + sex + log(icv)")
    >>> bc.ancova(design)["difference_percent"].dims
    ('population', 'region')
    """
    require_share("interval", interval)
    require_design(design, "this test")
    if not design.patients:
        raise AnswerError(
            f"every person belongs to the control group {design.control!r}; a comparison needs at least one other group"
        )
    columns = [_region(design, j, robust, interval) for j in range(len(design.regions))]
    tables = {name: np.stack([column[name] for column in columns], axis=-1) for name in columns[0]}
    tables["q_value"] = false_discovery(tables["p_value"])
    tables["q_groups"] = false_discovery(tables["p_groups"])
    for end in ("", "_low", "_high"):
        tables[f"difference_percent{end}"] = design.percent(
            tables[f"difference_sd{end}"], design.scale.values
        )
    coords = {
        "population": np.array(design.patients, dtype=object),
        "region": np.array(design.regions, dtype=object),
    }
    attrs = {
        "method": "analysis of covariance, least squares" + (", HC3 standard errors" if robust else ""),
        "control": design.control,
        "formula": design.formula,
        "interval": float(interval),
        "missing": "each region uses the people who have it" if design.n_missing else "none",
    }
    return xr.Dataset(
        {name: (REGIONS if table.ndim == 2 else "region", table) for name, table in tables.items()},
        coords,
        attrs,
    )


def _region(design: Design, j: int, robust: bool, interval: float) -> dict[str, Floats]:
    """Contrasts (patient group,) and the test of all groups of one region."""
    import statsmodels.api as sm

    seen = np.isfinite(design.y.values[:, j])
    regressors = design.regressors()[seen]
    n_groups = len(design.populations)
    contrasts = np.zeros((n_groups - 1, regressors.shape[1]))
    contrasts[:, 0] = -1.0
    contrasts[np.arange(n_groups - 1), np.arange(1, n_groups)] = 1.0
    _require_estimable(contrasts, regressors, design, j)
    plain = sm.OLS(design.y.values[seen, j], regressors).fit()
    if plain.df_resid < 1:
        raise AnswerError(
            f"{int(seen.sum())} people have {design.regions[j]}, and groups and covariates use all of them up; "
            "use fewer covariates"
        )
    if robust:
        _require_doubt(plain.get_influence().hat_matrix_diag, design, j, seen)
    fitted = plain.get_robustcov_results("HC3", use_t=True) if robust else plain
    test, groups = fitted.t_test(contrasts), fitted.f_test(contrasts)
    low, high = test.conf_int(alpha=1.0 - interval).T
    t_squared = plain.t_test(contrasts).tvalue.reshape(-1) ** 2
    f_times_df = float(np.squeeze(plain.f_test(contrasts).fvalue)) * (n_groups - 1)
    return {
        "difference_sd": np.reshape(test.effect, -1),
        "difference_sd_low": low,
        "difference_sd_high": high,
        "standard_error": np.reshape(test.sd, -1),
        "statistic": np.reshape(test.tvalue, -1),
        "p_value": np.reshape(test.pvalue, -1),
        "partial_eta_squared": t_squared / (t_squared + plain.df_resid),
        "p_groups": np.asarray(float(groups.pvalue)),
        "partial_eta_squared_groups": np.asarray(f_times_df / (f_times_df + plain.df_resid)),
        "degrees_of_freedom": np.asarray(float(plain.df_resid)),
        "n": np.asarray(int(seen.sum())),
    }


def _require_doubt(leverage: Floats, design: Design, j: int, seen: npt.NDArray[np.bool_]) -> None:
    """HC3 divides a residual by what the person's own leverage leaves, which is nothing where a term is theirs alone."""
    alone = np.flatnonzero(leverage > 1.0 - 1e-8)
    if len(alone):
        row = int(np.flatnonzero(seen)[alone[0]])
        name = design.populations[int(design.population.values[row])]
        raise AnswerError(
            f"robust=True has no standard error in {design.regions[j]}: {design.y['subject'].values[row]} of {name!r} is the only one "
            "with this volume in a group, at a site or at a level of a covariate; use robust=False, or leave the person out"
        )


def _require_estimable(contrasts: Floats, regressors: Floats, design: Design, j: int) -> None:
    """A contrast can be estimated if it is a combination of the rows of the regressors."""
    projector = np.linalg.pinv(regressors, rcond=1e-10) @ regressors
    lost = np.abs(contrasts - contrasts @ projector).max(axis=1) > 1e-6
    if not lost.any():
        return
    name = design.patients[int(np.flatnonzero(lost)[0])]
    people = int(
        np.isfinite(design.y.values[design.population.values == design.populations.index(name), j]).sum()
    )
    if people == 0:
        raise AnswerError(
            f"nobody of {name!r} has a volume for {design.regions[j]}; leave the region or the group out"
        )
    raise AnswerError(
        f"the difference of {name!r} from {design.control!r} in {design.regions[j]} cannot be told from a difference of "
        "sites or covariates, because no site or level has people of both; leave site= out, or the group"
    )
