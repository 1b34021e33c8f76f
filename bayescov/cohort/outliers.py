"""People unlike the others: region by region, and all regions together. Reported, never dropped."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescov.cohort.people import listed, people_of
from bayescov.cohort.table import CheckResult

__all__ = ["check_outliers", "robust_distance", "robust_z"]

Floats = npt.NDArray[np.float64]
FAR = 4.5
"""Robust z beyond which a volume is reported: one healthy value in 150,000."""


def robust_z(volumes: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Log volumes minus their group's median, over 1.4826 times the median absolute deviation within groups."""
    logs = pd.DataFrame(
        np.log(volumes.where(volumes > 0).to_numpy(dtype=float)), volumes.index, volumes.columns
    )
    centred = logs - logs.groupby(group.to_numpy()).transform("median")
    spread = 1.4826 * centred.abs().median()
    return centred / spread.where(spread > 0)


def robust_distance(z: pd.DataFrame) -> tuple[Floats, float]:
    """Squared Mahalanobis distance of every person from the centre of their group, and the limit to judge it by.

    The covariance is that of the z-scores drawn in to +-2.5, so that outliers do not hide themselves, with a little
    weight on its diagonal; missing values count as the centre. The limit is the chi-squared quantile that one of a
    hundred samples of normal people of this size would pass, after the median distance has been brought to its
    expected value.
    """
    from scipy import stats

    values = z.fillna(0.0).to_numpy(dtype=float)
    n, p = values.shape
    drawn = np.clip(values, -2.5, 2.5)
    covariance = drawn.T @ drawn / n
    weight = min(0.9, p / n)
    covariance = (1 - weight) * covariance + weight * np.diag(np.diag(covariance) + 1e-9)
    squared = np.einsum("ij,ij->i", values, np.linalg.solve(covariance, values.T).T)
    squared *= stats.chi2.ppf(0.5, p) / np.median(squared)
    return np.asarray(squared), float(stats.chi2.isf(0.01 / n, p))


def check_outliers(volumes: pd.DataFrame, group: pd.Series) -> list[CheckResult]:
    """Volumes far from their group's, one at a time and all together."""
    if len(volumes) < 10:
        return [CheckResult("outliers", None, "Too few people to tell who is unlike the others.")]
    z = robust_z(volumes, group)
    rows, columns = np.nonzero(np.abs(z.to_numpy(dtype=float)) > FAR)
    table = pd.DataFrame(
        {
            "subject": volumes.index[rows],
            "region": volumes.columns[columns],
            "volume": volumes.to_numpy()[rows, columns],
            "robust_z": z.to_numpy()[rows, columns],
        }
    ).sort_values("robust_z", key=lambda s: -s.abs(), ignore_index=True)
    if len(table):
        shown = [
            f"{t.subject}: {t.region} = {t.volume:,.0f} mm3 (z {t.robust_z:+.1f})" for t in table.itertuples()
        ]
        text = (
            f"Far from the median of their group: {len(table)} {'volume' if len(table) == 1 else 'volumes'} of "
            f"{people_of(table['subject'].nunique())}: {listed(shown, 6)}. "
            "They stay in; exclude= leaves people out."
        )
        one = CheckResult("outlying volumes", False, text, table)
    else:
        one = CheckResult("outlying volumes", True, f"No volume is beyond {FAR:g} robust SDs of its group.")
    return [one, _all_together(volumes, z)]


def _all_together(volumes: pd.DataFrame, z: pd.DataFrame) -> CheckResult:
    usable = z.loc[:, z.notna().any()]
    n, p = usable.shape
    if p < 2 or n < 2 * p:
        few = f"Too few people ({n}) for {p} regions" if p > 1 else "Too few regions"
        return CheckResult("outlying people", None, f"{few} to judge all regions together.")
    squared, limit = robust_distance(usable)
    far = np.flatnonzero(squared > limit)
    far = far[np.argsort(-squared[far])]
    if not far.size:
        return CheckResult("outlying people", True, "Nobody is unlike their group over all regions together.")
    table = pd.DataFrame({"subject": volumes.index[far], "distance": np.sqrt(squared[far])})
    shown = [
        f"{t.subject} (distance {t.distance:.1f}, limit {np.sqrt(limit):.1f})" for t in table.itertuples()
    ]
    text = f"Unlike their group over all regions together: {people_of(far.size)}: {listed(shown, 6)}. They stay in."
    return CheckResult("outlying people", False, text, table)
