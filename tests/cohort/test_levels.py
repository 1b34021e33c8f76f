"""Levels of covariates that differ by spelling only."""

import numpy as np
import pytest

from bayescov.cohort import read_cohort
from bayescov.cohort.levels import spelled_alike
from tests.cohort.people import said, table


def test_levels_that_differ_by_spelling_only_are_asked_about():
    frame = table(24).assign(
        sex=[*["F", "M"] * 10, "m", "m", "male", "f"], place=["Site 1", "site-1", "Site 2", "x"] * 6
    )
    result = said(read_cohort(frame).checks, "covariates")
    assert result.passed is False
    assert "Levels of 'sex' that differ by spelling only: 'F' (10) and 'f' (1); 'M' (10) and " in result.text
    assert "'m' (2)" in result.text
    assert "'male' (1)" in result.text
    assert (
        "Levels of 'place' that differ by spelling only: 'Site 1' (6) and 'site-1' (6); are they one?"
        in result.text
    )


@pytest.mark.parametrize(
    ("levels", "sets"),
    [
        (["F", "M"], []),
        (["Female", "female", "FEMALE "], [["Female", "female", "FEMALE "]]),
        (["weiblich", "F", "m.", "Mann"], [["weiblich", "F"], ["m.", "Mann"]]),
        (["yes", "Y", "no", "n"], [["yes", "Y"], ["no", "n"]]),
        (["HLA+", "HLA-", "hla+"], [["HLA+", "hla+"]]),
        (["1.5T", "15T", "1.5 T"], [["1.5T", "1.5 T"]]),
        (["Prisma fit", "prisma_fit", "PrismaFit"], [["Prisma fit", "prisma_fit", "PrismaFit"]]),
        (["1-2", "12", "01", "1"], []),
        (["A", "B", "AB", "A-"], []),
    ],
)
def test_which_levels_are_spelt_alike(levels, sets):
    assert spelled_alike(levels) == sets


def test_remarks_and_numbers_are_no_levels():
    frame = table(30).assign(remark=[f"Seen {'T' if i % 2 else 't'}{i // 2}" for i in range(30)])
    frame["dose"] = np.linspace(0, 1, 30)
    assert said(read_cohort(frame).checks, "covariates").passed is True
