"""ANCOVA: equal to scipy and to statsmodels' formulas; units; confounded sites are refused."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats

import bayescov as bc
from bayescov.errors import AnswerError
from tests.classical.designs import NAMES, design, draw, factor_correlation, without


def study(sizes=(20, 25, 18), p=3, seed=0, shift=0.8):
    rng = np.random.default_rng(seed)
    groups = draw(rng, sizes, factor_correlation(p))
    groups[1] = groups[1] - shift
    n = sum(sizes)
    return groups, {"age": rng.normal(50, 10, n), "sex": rng.choice(["F", "M"], n)}


def test_two_groups_without_covariates_are_a_t_test():
    groups, _ = study((20, 25))
    answer = bc.ancova(design(groups)).sel(population="MS")
    expected = stats.ttest_ind(groups[1], groups[0])
    np.testing.assert_allclose(answer["statistic"], expected.statistic)
    np.testing.assert_allclose(answer["p_value"], expected.pvalue)
    np.testing.assert_allclose(answer["p_groups"], expected.pvalue)
    sd = groups[0].std(axis=0, ddof=1)
    np.testing.assert_allclose(answer["difference_sd"], (groups[1].mean(0) - groups[0].mean(0)) / sd)
    interval = expected.confidence_interval()
    np.testing.assert_allclose(answer["difference_sd_low"], interval.low / sd)
    np.testing.assert_allclose(answer["difference_sd_high"], interval.high / sd)


def table(groups, covariates, j):
    frame = pd.DataFrame(covariates)
    frame["y"] = np.vstack(groups)[:, j]
    frame["group"] = np.repeat(NAMES[: len(groups)], [len(y) for y in groups])
    return frame


def test_equal_to_statsmodels_formulas():
    groups, covariates = study()
    answer = bc.ancova(design(groups, covariates=covariates))
    for j in range(3):
        fitted = smf.ols("y ~ C(group, Treatment('HC')) + age + sex", table(groups, covariates, j)).fit()
        anova = sm.stats.anova_lm(fitted, typ=2)
        row = answer.isel(region=j)
        name = "C(group, Treatment('HC'))"
        assert float(row["p_groups"]) == pytest.approx(anova.loc[name, "PR(>F)"])
        squares = anova["sum_sq"]
        assert float(row["partial_eta_squared_groups"]) == pytest.approx(
            squares[name] / (squares[name] + squares["Residual"])
        )
        for patients in ("MS", "NMOSD"):
            term = f"{name}[T.{patients}]"
            found = row.sel(population=patients)
            assert float(found["statistic"]) == pytest.approx(fitted.tvalues[term])
            assert float(found["p_value"]) == pytest.approx(fitted.pvalues[term])
            # partial eta squared of one contrast: the share of squares that leaving it out adds to the residual
            reduced = table(groups, covariates, j)
            reduced["group"] = reduced["group"].where(reduced["group"] != patients, "HC")
            without = smf.ols("y ~ group + age + sex", reduced).fit().ssr
            assert float(found["partial_eta_squared"]) == pytest.approx((without - fitted.ssr) / without)
        assert int(row["degrees_of_freedom"]) == fitted.df_resid


def test_q_values_are_benjamini_and_hochbergs_over_regions():
    groups, covariates = study(p=8)
    answer = bc.ancova(design(groups, covariates=covariates))
    for row in answer["population"]:
        one = answer.sel(population=row)
        np.testing.assert_allclose(one["q_value"], stats.false_discovery_control(one["p_value"].values))


def test_percent_on_the_log_scale_is_exact():
    rng = np.random.default_rng(1)
    groups = [np.exp(y * 0.1 + 8) for y in draw(rng, (20, 25), factor_correlation(3))]
    answer = bc.ancova(design(groups, transform="log")).isel(population=0)
    ratio = np.exp(np.log(groups[1]).mean(0) - np.log(groups[0]).mean(0))
    np.testing.assert_allclose(answer["difference_percent"], 100 * (ratio - 1))
    assert (answer["difference_percent_low"] < answer["difference_percent"]).all()
    assert (answer["difference_percent_high"] > answer["difference_percent"]).all()


def test_robust_errors_equal_statsmodels_hc3_and_keep_the_estimate():
    groups, covariates = study()
    groups[2] *= 4
    prepared = design(groups, covariates=covariates)
    plain, robust = bc.ancova(prepared), bc.ancova(prepared, robust=True)
    np.testing.assert_allclose(plain["difference_sd"], robust["difference_sd"])
    np.testing.assert_allclose(plain["partial_eta_squared"], robust["partial_eta_squared"])
    fitted = smf.ols("y ~ C(group, Treatment('HC')) + age + sex", table(groups, covariates, 0)).fit(
        cov_type="HC3", use_t=True
    )
    found = robust.isel(region=0).sel(population="NMOSD")
    assert float(found["p_value"]) == pytest.approx(fitted.pvalues["C(group, Treatment('HC'))[T.NMOSD]"])


def test_robust_errors_hold_their_level_where_plain_ones_do_not():
    # A small group with a large variance: the pooled variance is too small for it. (The negative control.)
    calls = {False: 0, True: 0}
    for seed in range(80):
        rng = np.random.default_rng([2, seed])
        groups = [rng.normal(size=(60, 2)), 3 * rng.normal(size=(15, 2))]
        for robust in calls:
            calls[robust] += int((bc.ancova(design(groups), robust=robust)["p_value"] <= 0.05).sum())
    assert calls[False] > 0.12 * 160
    assert calls[True] < 0.10 * 160


def test_missing_volumes_leave_each_region_its_people():
    groups, covariates = study()
    groups[1][:4, 0] = np.nan
    answer = bc.ancova(design(groups, covariates=covariates))
    assert answer["n"].values.tolist() == [59, 63, 63]
    fitted = smf.ols("y ~ C(group, Treatment('HC')) + age + sex", table(groups, covariates, 0)).fit()
    assert float(answer["p_value"].sel(population="MS")[0]) == pytest.approx(
        fitted.pvalues["C(group, Treatment('HC'))[T.MS]"]
    )


def test_confounded_sites_are_refused():
    groups, _ = study((10, 12))
    with pytest.raises(
        AnswerError, match="difference of 'MS' from 'HC' in r0 cannot be told from a difference of sites"
    ):
        bc.ancova(design(groups, site=["A"] * 10 + ["B"] * 12))
    assert bc.ancova(design(groups, site=["A"] * 9 + ["B"] * 13)).sizes["region"] == 3


def test_other_refusals():
    groups, _ = study((12, 10))
    with pytest.raises(AnswerError, match="every person belongs to the control group"):
        bc.ancova(design(groups[:1]))
    with pytest.raises(AnswerError, match="nobody of 'MS' has a volume for r1"):
        bc.ancova(without(design(groups), slice(12, 22), 1))
    with pytest.raises(AnswerError, match="interval=95 must be a number between 0 and 1"):
        bc.ancova(design(study()[0]), interval=95)


def test_robust_errors_of_somebody_alone_are_refused():
    groups, _ = study((12, 10, 1))
    said = r"robust=True has no standard error in r0: s22 of 'NMOSD' is the only one .* use robust=False"
    with pytest.raises(AnswerError, match=said):
        bc.ancova(design(groups), robust=True)
    groups, _ = study((12, 10, 2))
    lone = without(design(groups), slice(22, 23), 1)
    with pytest.raises(AnswerError, match=r"in r1: s23 of 'NMOSD' is the only one"):
        bc.ancova(lone, robust=True)
    assert np.isfinite(bc.ancova(lone)["p_value"]).all()
    assert np.isfinite(bc.ancova(design(groups), robust=True)["p_value"]).all()


def test_coordinates_are_the_posteriors():
    groups, covariates = study()
    answer = bc.ancova(design(groups, covariates=covariates))
    assert answer["difference_percent"].dims == ("population", "region")
    assert answer["population"].values.tolist() == ["MS", "NMOSD"]
    assert answer["region"].values.tolist() == ["r0", "r1", "r2"]
    assert len(bc.to_frame(answer)) == 6
