"""Volumes under which no covariance matrix could be positive definite are refused, with names."""

import numpy as np
import pytest

import bayescov as bc
from bayescov.design.dependence import require_own_variation
from bayescov.errors import DesignError
from tests.design.tables import cohort


def volumes(seed=3, n=22):
    return np.exp(np.random.default_rng(seed).normal([9.0, 8.9, 8.2], 0.1, (n, 3)))


def with_column(change):
    values = volumes()
    change(values)
    return cohort(values)


def copied(values):
    values[:, 1] = 1.7 * values[:, 0]


def copied_in_ms(values):
    values[12:, 2] = values[12:, 0]


def constant_in_ms(values):
    values[12:, 1] = 7000.0


def product(values):
    values[:, 2] = np.sqrt(values[:, 0] * values[:, 1])


def total(values):
    values[:, 2] = values[:, 0] + values[:, 1]


@pytest.mark.parametrize(
    ("change", "transform", "said"),
    [
        (copied, "log", "Left-Thalamus and Right-Thalamus are copies of each other in HC"),
        (copied_in_ms, "log", "Left-Thalamus and Left-Caudate are copies of each other in MS"),
        (constant_in_ms, "log", "all 10 people of MS with a volume for Right-Thalamus have the same one"),
        (product, "log", "Left-Thalamus, Right-Thalamus and Left-Caudate determine each other"),
        (total, "identity", "Left-Thalamus, Right-Thalamus and Left-Caudate determine each other"),
    ],
)
def test_volumes_without_variation_of_their_own_are_refused(change, transform, said):
    with pytest.raises(DesignError, match=said):
        bc.fit(bc.prepare(with_column(change), transform=transform, covariates="age"))


def test_nearly_the_same_is_not_the_same():
    """A hundred-thousandth of noise is noise."""

    def nearly(values):
        values[:, 1] = values[:, 0] * np.exp(1e-5 * np.random.default_rng(4).standard_normal(22))

    require_own_variation(bc.prepare(with_column(nearly), covariates="age"))
    require_own_variation(bc.prepare(with_column(total), covariates="age"))  # a sum is no sum of logarithms


def test_two_people_and_more_regions_than_people_are_no_copies():
    values = volumes(n=5)
    require_own_variation(bc.prepare(cohort(values, sizes=(3, 2))))


def test_a_copy_is_found_beside_missing_volumes():
    values = volumes()
    copied(values)
    values[[0, 5, 13], 1], values[[1, 14], 0] = np.nan, np.nan
    with pytest.raises(DesignError, match="Left-Thalamus and Right-Thalamus are copies of each other in HC"):
        bc.fit(bc.prepare(cohort(values)))
