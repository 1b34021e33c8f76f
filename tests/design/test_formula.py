"""Formulas: what may be written, and the sentence for what may not."""

import numpy as np
import pytest

import bayescov as bc
from bayescov.errors import DesignError
from tests.design.tables import cohort


@pytest.mark.parametrize(
    ("formula", "columns"),
    [
        ("", ()),
        ("   ", ()),
        ("1", ()),
        ("0", ()),
        ("age", ("age",)),
        ("~ age + sex", ("age", "sex[T.M]")),
        ("age + sex - 1", ("age", "sex[T.M]")),
        ("0 + sex", ("sex[T.M]",)),
        ("age * sex", ("age", "sex[T.M]", "age:sex[T.M]")),
        ("age + I(age**2)", ("age", "I(age ** 2)")),
        ("np.log(icv)", ("np.log(icv)",)),
        ("C(scanner)", ("C(scanner)[T.B]",)),
        ("(age + sex)**2", ("age", "sex[T.M]", "age:sex[T.M]")),
    ],
)
def test_what_may_be_written(formula, columns):
    design = bc.prepare(cohort(), covariates=formula)
    assert design.covariates == columns
    assert design.x.shape == (22, len(columns))
    assert design.formula == formula.strip()


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("agee", "asks for 'agee'.*did you mean 'age'.*age, sex, icv, scanner"),
        ("age + centre", "asks for 'centre'"),
        ("sqrt(age)", r"calls sqrt\(\), which is no function that formulas know; write np.sqrt\(\)"),
        ("cubed(age)", r"calls cubed\(\), which is no function that formulas know, nor"),
        ("age ~ sex", "several parts; give the right-hand side alone"),
        ("age | sex", "several parts"),
        ("(age", "cannot be read"),
        ("age sex", "cannot be read"),
        ("log(age - 30)", "not a finite number for subject s"),
        ("poly(sex, 2)", "cannot be evaluated"),
        ("age + I(2 * age)", r"'I\(2 \* age\)' is determined by the groups, age"),
        ("log(icv) + log(icv / 1000)", "determined by the groups, log"),
        ("I(0 * age)", "same value for everybody"),
        (
            "age + log(eTIV)",
            r"asks for 'eTIV', which is called 'icv' here: write icv .*: age, sex, icv, scanner",
        ),
        ("EstimatedTotalIntraCranialVol", "which is called 'icv' here"),
        ("Gender", "'Gender', which is called 'sex' here"),
        ("weight", "'weight', which is not among the covariates .*: age, sex, icv, scanner"),
        ("hippocampus_left", "which is not among the covariates"),
        ("sex + age**2", r"has age\*\*2, which is age itself.*write I\(age\*\*2\)"),
        ("log(icv)^3", r"log\(icv\)\^3, which is log\(icv\) itself.*write I\(log\(icv\)\*\*3\)"),
    ],
)
def test_what_may_not_be_written_gets_a_sentence(formula, said):
    with pytest.raises(DesignError, match=said):
        bc.prepare(cohort(), covariates=formula)


def with_value(column, row, value):
    values = cohort().covariates[column].astype(object).to_numpy().copy()
    values[row] = value
    return values


@pytest.mark.parametrize(
    ("changes", "formula", "said"),
    [
        (
            {"age": with_value("age", 4, np.nan).astype(float)},
            "age",
            r"'age' is missing for 1 of 22 people \(s04\)",
        ),
        ({"sex": with_value("sex", [1, 2], None)}, "sex", r"missing for 2 of 22 people \(s01, s02\)"),
        ({"sex": with_value("sex", 7, "X")}, "sex", r"only one person at the level 'X' \(s07\)"),
        (
            {"sex": with_value("sex", 7, "male")},
            "sex",
            r"'male' \(s07\), .* it is probably 'M' in another spelling: write it so",
        ),
        (
            {"sex": with_value("sex", 7, "f ")},
            "sex",
            r"'f ' \(s07\), .* it is probably 'F' in another spelling",
        ),
        ({"age": with_value("age", 7, "forty")}, "age", "holds numbers, but 'forty' for s07"),
        ({"age": with_value("age", 7, "-Inf")}, "age", "holds numbers, but '-Inf' for s07"),
        (
            {"dose": with_value("age", 7, np.inf).astype(float)},
            "dose",
            "'dose' is not a finite number for subject s07",
        ),
        (
            {"code": np.repeat([0.0, 1.0, 2.0], [20, 1, 1])},
            "C(code)",
            r"only one person at the level '1' \(s20\)",
        ),
        (
            {"scan.delay": np.arange(22.0)},
            "scan.delay",
            "asks for 'scan'.* call that column 'scan_delay' in the table",
        ),
        ({"age": 40.0}, "age", "same value for everybody"),
        ({"sex": "F"}, "age + sex", "'sex' is 'F' for everybody"),
        (
            {"sick": np.repeat(["no", "yes"], [12, 10])},
            "sick",
            r"'sick\[T.yes\]' is determined by the groups",
        ),
    ],
)
def test_covariates_that_cannot_be_used_are_said_with_the_people_concerned(changes, formula, said):
    with pytest.raises(DesignError, match=said):
        bc.prepare(cohort(**changes), covariates=formula)


def test_an_unused_covariate_may_be_anything():
    made = cohort(age=with_value("age", 4, np.nan).astype(float), note="x")
    assert bc.prepare(made, covariates="sex").covariates == ("sex[T.M]",)


def test_more_terms_than_people_is_said():
    made = cohort(sizes=(4, 3), **{f"c{i}": np.random.default_rng(i).normal(size=7) for i in range(6)})
    with pytest.raises(
        DesignError, match=r"7 people for 8 groups and covariate terms .*use fewer covariates"
    ):
        bc.prepare(made, covariates=" + ".join(f"c{i}" for i in range(6)))


def test_a_covariate_that_the_sites_determine_is_said():
    made = cohort(field=np.resize([1.5, 3.0, 1.5], 22), place=np.resize(["a", "b", "c"], 22))
    assert bc.prepare(made, covariates="field").covariates == ("field",)
    with pytest.raises(DesignError, match="'field' is determined by the groups, the sites"):
        bc.prepare(made, covariates="field", site="place")


@pytest.mark.parametrize("dtype", [int, float])
def test_numbers_that_the_formula_takes_as_codes_are_levels(dtype):
    made = cohort(code=np.resize([2, 10, 0], 22).astype(dtype))
    design = bc.prepare(made, covariates="age + C(code)")
    assert design.levels == {"code": ["0", "2", "10"]}
    assert design.covariates == ("age", "C(code)[T.2]", "C(code)[T.10]")
    assert bc.prepare(made, covariates="code").levels == {}
    design = bc.prepare(made, covariates="C(code, Treatment('2'))")
    assert design.covariates == ("C(code, Treatment('2'))[T.0]", "C(code, Treatment('2'))[T.10]")
    for number in ("Treatment(2)", "levels=[10, 2, 0]", "contr.treatment(base=2)"):
        with pytest.raises(DesignError, match=r"levels are texts: write '(2|10)', in quotes"):
            bc.prepare(made, covariates=f"C(code, {number})")
    design = bc.prepare(made, covariates="C(code, contr.poly(scores=[0, 2, 10]))")  # scores are numbers
    assert [name[-4:] for name in design.covariates] == ["[.L]", "[.Q]"]


def test_levels_are_text_in_order_and_truth_values_are_levels():
    smoker = np.resize([True, True, False], 22)
    design = bc.prepare(cohort(smoker=smoker), covariates="smoker")
    assert design.levels == {"smoker": ["False", "True"]}
    back = design.x.values[:, 0] * design.covariate_scale.values + design.covariate_center.values
    np.testing.assert_allclose(back, smoker, atol=1e-12)
