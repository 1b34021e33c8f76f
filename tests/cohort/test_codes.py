"""Reading a table: codes for missing in covariates, and numbers that look like them."""

import numpy as np
import pytest

from bayescov.cohort import read_cohort
from bayescov.cohort.codes import are_codes
from bayescov.design import prepare
from bayescov.errors import DesignError
from tests.cohort.people import said, table


def with_codes(column, *codes):
    """A table with these codes in the first rows of a column."""
    frame = table(20).assign(years=[*range(20)], z=np.round(np.linspace(-2, 2, 20), 1)).astype(object)
    frame.loc[: len(codes) - 1, column] = [str(c) for c in codes]
    return frame


@pytest.mark.parametrize(
    ("column", "codes", "text"),
    [
        ("age", [-9], "age (1 time -9)"),
        ("age", [-99, -9, -99], "age (1 time -9, 2 times -99)"),
        ("years", [-9, -999], "years (1 time -9, 1 time -999)"),
        ("z", [-999], "z (1 time -999)"),
        ("z", [-99], "z (1 time -99)"),  # farther below the others than they are apart
        ("sex", [-9, -99], "sex (1 time -9, 1 time -99)"),
    ],
)
def test_a_code_that_can_be_no_value_is_missing_and_said(column, codes, text):
    cohort = read_cohort(with_codes(column, *codes))
    assert list(cohort.covariates[column].isna()) == [True] * len(codes) + [False] * (20 - len(codes))
    result = said(cohort.checks, "missing codes")
    assert result.passed is False
    assert text in result.text
    with pytest.raises(DesignError, match=f"the covariate '{column}' is missing for {len(codes)} of 20"):
        prepare(cohort, covariates=column)


def test_a_number_that_may_be_a_value_stays_and_is_said():
    frame = table(20).assign(onset=[-9, -99, *np.linspace(-121, 60, 18).round()])
    cohort = read_cohort(frame)
    np.testing.assert_array_equal(cohort.covariates["onset"], frame["onset"])
    assert not [c for c in cohort.checks if c.name == "missing codes"]
    result = said(cohort.checks, "possible codes")
    assert result.passed is None
    assert "onset (1 time -9, 1 time -99)" in result.text


def test_one_negative_number_beside_a_code_leaves_it_open():
    assert list(are_codes(np.array([-9.0, -1.0, 3.0]))) == [False] * 3
    assert list(are_codes(np.array([-9.0, 1.0, 3.0]))) == [True, False, False]
    assert list(are_codes(np.array([-9.0]))) == [False]
    assert list(are_codes(np.array([-9.0, np.nan]))) == [False, False]


def test_levels_that_are_no_codes_stay_levels():
    frame = table(20).assign(arm=["-1", "+1"] * 10, scanner=["01", "-9"] * 10)
    covariates = read_cohort(frame).covariates
    assert set(covariates["arm"]) == {-1.0, 1.0}
    assert list(covariates["scanner"].fillna("missing")) == ["01", "missing"] * 10


def test_an_impossible_age_is_said():
    frame = table(20)
    frame.loc[3, "age"] = -4.0
    result = said(read_cohort(frame).checks, "age")
    assert result.passed is False
    assert "sub-04 (-4)" in result.text
