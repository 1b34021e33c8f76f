"""Outliers are found, ordinary people are not, and nobody is dropped."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayescov.cohort import read_cohort
from bayescov.cohort.outliers import FAR, check_outliers, robust_distance, robust_z
from tests.cohort.people import said, table


def people(n: int, p: int, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """Two groups with different means, correlated lognormal volumes."""
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(0.5 * np.eye(p) + 0.5)
    logs = 8 + 0.1 * rng.standard_normal((n, p)) @ root.T
    group = np.arange(n) % 2
    volumes = pd.DataFrame(np.exp(logs - 0.3 * group[:, None]), index=[f"s{i}" for i in range(n)])
    volumes.columns = [f"r{j}" for j in range(p)]
    return volumes, pd.Series(group.astype(str))


def test_robust_z_is_standard_within_groups():
    volumes, group = people(4000, 3, 1)
    z = robust_z(volumes, group)
    assert np.allclose(z.mean(), 0, atol=4 / np.sqrt(4000) * 1.3)
    assert np.allclose(z.std(), 1, atol=0.06)


def test_robust_z_does_not_see_the_unit():
    volumes, group = people(40, 5, 2)
    scaled = volumes * np.array([1e-3, 1.0, 1e3, 7.0, 0.1])
    pd.testing.assert_frame_equal(robust_z(volumes, group), robust_z(scaled, group))


def test_ordinary_people_are_rarely_called_outliers():
    """The limit lets one sample in a hundred have an outlier; the robust covariance costs a little of that."""
    flagged = 0
    for seed in range(60):
        volumes, group = people(100, 8, seed)
        squared, limit = robust_distance(robust_z(volumes, group))
        flagged += bool((squared > limit).any())
    assert flagged <= stats.binom.isf(1e-4, 60, 0.15)


def test_a_person_unlike_the_others_in_the_pattern_only_is_found():
    volumes, group = people(100, 8, 5)
    rng = np.random.default_rng(1)
    signs = rng.permutation([1.0, -1.0] * 4)
    volumes.loc["s10"] = np.exp(8 + 0.25 * signs)  # each volume within 2.5 SD, against the correlation
    z = robust_z(volumes, group)
    assert (z.loc["s10"].abs() < FAR).all()
    far, together = check_outliers(volumes, group)
    assert "s10" not in far.text
    assert together.passed is False
    assert together.table["subject"].iloc[0] == "s10"


def test_a_single_volume_far_from_its_group_is_named_and_stays():
    frame = table(40)
    frame.loc[5, "Left-Hippocampus"] = 1700.0
    cohort = read_cohort(frame)
    result = said(cohort.checks, "outlying volumes")
    assert result.passed is False
    assert "sub-06: Left-Hippocampus = 1,700 mm3" in result.text
    assert list(result.table.columns) == ["subject", "region", "volume", "robust_z"]
    assert cohort.volumes.loc["sub-06", "Left-Hippocampus"] == 1700.0


def test_missing_volumes_do_not_hide_or_make_outliers():
    volumes, group = people(100, 6, 3)
    volumes.iloc[::7, 2] = np.nan
    volumes.loc["s20", "r0"] *= 3
    far, together = check_outliers(volumes, group)
    assert set(far.table["subject"]) == {"s20"}
    assert "s20" in together.text


@pytest.mark.parametrize("n", [4, 9])
def test_few_people_are_not_judged(n):
    volumes, group = people(n, 3, 1)
    assert [c.passed for c in check_outliers(volumes, group)] == [None]


def test_more_regions_than_people_are_not_judged_together():
    volumes, group = people(20, 15, 1)
    assert check_outliers(volumes, group)[1].passed is None
