"""What cannot be tested is refused with a sentence that says what to change."""

import numpy as np
import pytest

import bayescov as bc
from bayescov.errors import AnswerError
from tests.classical.designs import design, draw, factor_correlation, without

TESTS = {
    "permutation_test": lambda d, **k: bc.permutation_test(d, n_permutations=9, **k),
    "nbs": lambda d, **k: bc.nbs(d, n_permutations=9, **k),
    "network_test": lambda d, **k: bc.network_test(d, n_permutations=9, **k),
    "fisher_z": bc.fisher_z,
    "naive": bc.naive,
}
every_test = pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)


def drawn(sizes, p=3, seed=0):
    return draw(np.random.default_rng(seed), sizes, factor_correlation(p))


@every_test
def test_only_controls(test):
    with pytest.raises(AnswerError, match="every person belongs to the control group 'HC'"):
        test(design(drawn((12,))))


@every_test
def test_a_group_too_small(test):
    with pytest.raises(
        AnswerError, match=r"group 'NMOSD' has 4 people .* at least 5 .* leave the group out or join"
    ):
        test(design(drawn((12, 10, 4))))


@every_test
def test_an_unknown_kind(test):
    with pytest.raises(AnswerError, match="did you mean 'spearman'"):
        test(design(drawn((12, 10))), kind="spearmann")


@every_test
def test_partial_correlations_of_too_many_regions(test):
    prepared = design(drawn((20, 9), p=10))
    with pytest.raises(
        AnswerError, match=r"10 regions need at least 13 people in every group, and 'MS' has 9; use kind="
    ):
        test(prepared, kind="partial")
    assert test(prepared).sizes  # plain correlations do not mind


@every_test
def test_covariates_and_held_regions_that_use_everybody_up(test):
    groups = drawn((20, 20), p=10)
    x = np.random.default_rng(3).normal(size=(40, 9))
    x[:20] = 0
    prepared = design(groups, covariates={f"c{k}": x[:, k] for k in range(9)})
    with pytest.raises(
        AnswerError,
        match=r"use up 9.0 of the 20 people of 'MS', and partial correlations hold 8 other regions constant",
    ):
        test(prepared, kind="partial")
    assert test(prepared).sizes


@every_test
def test_a_region_that_is_constant_in_one_group(test):
    groups = drawn((12, 10))
    groups[1][:, 2] = 1.5
    with pytest.raises(AnswerError, match="r2 does not vary among the 10 people of 'MS'"):
        test(design(groups))


@every_test
def test_a_region_that_the_covariates_explain_wholly(test):
    groups = drawn((12, 10))
    dose = np.r_[np.zeros(12), np.random.default_rng(1).normal(size=10)]
    groups[1][:, 1] = 3 * dose[12:]
    with pytest.raises(
        AnswerError, match="r1 does not vary among the 10 people of 'MS' once covariates are removed"
    ):
        test(design(groups, covariates={"dose": dose}))


@every_test
def test_two_copies_of_a_region(test):
    groups = drawn((12, 10))
    groups[0][:, 2] = 2 * groups[0][:, 0] + 1
    with pytest.raises(
        AnswerError, match=r"r0 and r2 are one and the same in 'HC' \(their correlation is 1\)"
    ):
        test(design(groups))


@every_test
def test_a_sum_of_regions_has_no_partial_correlations(test):
    groups = [np.column_stack([y, y.sum(axis=1)]) for y in drawn((16, 14))]
    with pytest.raises(AnswerError, match=r"some regions are sums of others \(among r0, r1, r2, r3\)"):
        test(design(groups), kind="partial")
    assert test(design(groups)).sizes


@every_test
def test_one_region(test):
    with pytest.raises(AnswerError, match="a correlation needs two regions; there is only 'r0'"):
        test(bc.Design.from_dataset(design(drawn((12, 10))).to_dataset().isel(region=[0])))


@every_test
def test_covariates_that_use_everybody_up(test):
    rng = np.random.default_rng(2)
    table = {f"c{k}": np.r_[np.zeros(30), rng.normal(size=6)] for k in range(4)}
    with pytest.raises(AnswerError, match=r"use up .* of the 6 people of 'MS'.* fewer covariates"):
        test(design(drawn((30, 6)), covariates=table))


@every_test
def test_regions_that_hardly_anybody_has_together(test):
    groups = drawn((20, 14))
    groups[1][:6, 0] = np.nan
    groups[1][10:, 2] = np.nan
    with pytest.raises(AnswerError, match="only 4 people of 'MS' have both r0 and r2"):
        test(design(groups))
    with pytest.raises(
        AnswerError, match=r"group 'MS' has 4 people to correlate \(complete cases: 10 of 34 people"
    ):
        test(design(groups), kind="spearman")


@pytest.mark.parametrize("people", [0, 1])
def test_a_region_that_nobody_of_a_group_has(people):
    lacking = without(design(drawn((20, 14))), slice(20 + people, 34), 1)
    with pytest.raises(AnswerError, match=f"only {people} people of 'MS' have both"):
        bc.fisher_z(lacking)


@pytest.mark.parametrize("bad", [0, -1, 2.5, "many", True])
def test_a_number_of_permutations_that_is_none(bad):
    for test in (bc.permutation_test, bc.nbs, bc.network_test):
        with pytest.raises(AnswerError, match=r"n_permutations=.* must be a whole number of at least 1"):
            test(design(drawn((12, 10))), n_permutations=bad)


@pytest.mark.parametrize("bad", [-1, 0.5, None])
def test_a_seed_that_is_none(bad):
    for test in (bc.permutation_test, bc.nbs, bc.network_test):
        with pytest.raises(AnswerError, match=r"seed=.* must be a whole number of at least 0"):
            test(design(drawn((12, 10))), seed=bad, n_permutations=9)


@pytest.mark.parametrize("bad", [0, 1.5, None, True])
def test_a_number_of_jobs_that_is_none(bad):
    for test in (bc.permutation_test, bc.nbs, bc.network_test):
        with pytest.raises(AnswerError, match=r"n_jobs=.* must be a whole number of at least 1, or -1"):
            test(design(drawn((12, 10))), n_jobs=bad, n_permutations=9)


def test_other_arguments():
    prepared = design(drawn((12, 10)))
    with pytest.raises(AnswerError, match="alpha=5 must be a number between 0 and 1"):
        bc.naive(prepared, alpha=5)
    with pytest.raises(AnswerError, match="did you mean 'fdr'"):
        bc.naive(prepared, correction="fdrr")
    with pytest.raises(AnswerError, match="threshold=-1 must be a number of standard errors above zero"):
        bc.nbs(prepared, threshold=-1)
    with pytest.raises(AnswerError, match=r"'eficiency' is not known; did you mean 'efficiency'"):
        bc.network_test(prepared, measures=["eficiency"])
    with pytest.raises(AnswerError, match="at least one measure"):
        bc.network_test(prepared, measures=[])
    with pytest.raises(AnswerError, match=r"threshold=1\.5 must be"):
        bc.network_test(prepared, threshold=1.5)
