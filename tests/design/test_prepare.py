"""`prepare`: standardised by the controls, blind to units, and a sentence for every table it cannot use."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayescov as bc
from bayescov.cohort.read import check
from bayescov.errors import DesignError
from tests.design.tables import REGIONS, cohort, factors

FORMULA = "age + sex + log(icv)"


def residual_sd(values, regressors):
    """SD of least-squares residuals, written out."""
    full = np.column_stack([np.ones(len(values)), regressors])
    beta = np.linalg.solve(full.T @ full, full.T @ values)
    rest = values - full @ beta
    return np.sqrt((rest @ rest) / (len(values) - full.shape[1]))


@given(st.tuples(factors, factors, factors), st.sampled_from(["", FORMULA]))
@settings(max_examples=30, deadline=None)
def test_multiplying_any_column_changes_nothing_on_the_log_scale(scale, formula):
    made = cohort()
    other = cohort(made.volumes.to_numpy() * np.array(scale))
    first, second = (bc.prepare(c, covariates=formula) for c in (made, other))
    np.testing.assert_allclose(second.y, first.y, atol=1e-7)
    np.testing.assert_allclose(second.scale, first.scale, rtol=1e-8)
    np.testing.assert_allclose(second.center - first.center, np.log(scale), atol=1e-9)


@given(st.tuples(factors, factors, factors))
@settings(max_examples=30, deadline=None)
def test_on_the_identity_scale_a_column_keeps_its_unit_and_nothing_else_changes(scale):
    made = cohort()
    other = cohort(made.volumes.to_numpy() * np.array(scale))
    first, second = (bc.prepare(c, transform="identity") for c in (made, other))
    np.testing.assert_allclose(second.y, first.y, atol=1e-9)
    np.testing.assert_allclose(second.scale, first.scale * scale, rtol=1e-9)
    difference = np.array([-0.4, 0.2, 1.0])
    np.testing.assert_allclose(
        second.percent(difference, second.scale), first.percent(difference, first.scale)
    )


@given(factors, st.floats(-50, 50))
@settings(max_examples=30, deadline=None)
def test_the_unit_and_origin_of_a_covariate_change_nothing(factor, origin):
    made = cohort()
    age = made.covariates["age"].to_numpy()
    first = bc.prepare(made, covariates="age + sex")
    second = bc.prepare(cohort(age=factor * (age - origin)), covariates="age + sex")
    np.testing.assert_allclose(second.x, first.x, atol=1e-6)
    np.testing.assert_allclose(second.y, first.y, atol=1e-6)


@pytest.mark.parametrize("transform", ["log", "identity"])
@pytest.mark.parametrize("formula", ["", "age", FORMULA])
def test_volumes_are_scaled_by_the_controls_residual_sd(transform, formula):
    made = cohort()
    design = bc.prepare(made, covariates=formula, transform=transform)
    values = np.log(made.volumes.to_numpy()) if transform == "log" else made.volumes.to_numpy()
    age, sex, icv = (made.covariates[c].to_numpy() for c in ("age", "sex", "icv"))
    columns = {"": [], "age": [age], FORMULA: [age, sex == "M", np.log(icv)]}[formula]
    controls = (made.group == "HC").to_numpy()
    regressors = (
        np.column_stack([np.asarray(c, dtype=float) for c in columns])[controls]
        if columns
        else np.empty((12, 0))
    )
    for j in range(3):
        assert design.center.values[j] == pytest.approx(values[controls, j].mean())
        assert design.scale.values[j] == pytest.approx(residual_sd(values[controls, j], regressors), rel=1e-9)
    back = design.y.values * design.scale.values + design.center.values
    np.testing.assert_allclose(back, values, rtol=1e-12)


def test_the_patients_do_not_move_the_scale():
    made = cohort()
    moved = made.volumes.to_numpy().copy()
    moved[12:] *= 3.0
    first, second = bc.prepare(made), bc.prepare(cohort(moved))
    np.testing.assert_array_equal(first.center, second.center)
    np.testing.assert_array_equal(first.scale, second.scale)
    assert not np.allclose(first.y.values[12:], second.y.values[12:])


def test_covariates_are_centred_scaled_and_can_be_turned_back():
    made = cohort()
    design = bc.prepare(made, covariates=FORMULA)
    assert design.covariates == ("age", "sex[T.M]", "log(icv)")
    assert design.levels == {"sex": ["F", "M"]}
    np.testing.assert_allclose(design.x.mean("subject"), 0.0, atol=1e-10)
    np.testing.assert_allclose(design.x.std("subject"), 1.0)
    back = design.x * design.covariate_scale + design.covariate_center
    np.testing.assert_allclose(back.sel(covariate="age"), made.covariates["age"])
    np.testing.assert_allclose(back.sel(covariate="sex[T.M]"), made.covariates["sex"] == "M", atol=1e-12)
    np.testing.assert_allclose(back.sel(covariate="log(icv)"), np.log(made.covariates["icv"]))


def test_groups_come_control_first_with_their_sizes_and_dummies():
    made = bc.simulate_study(seed=4)
    design = bc.prepare(made)
    assert (design.control, design.patients) == ("HC", ("MS", "NMOSD"))
    np.testing.assert_array_equal(design.sizes, [34, 40, 35])
    names = np.array(design.populations)[design.population.values]
    np.testing.assert_array_equal(names, made.group)
    np.testing.assert_array_equal(design.dummies().sum(axis=0), design.sizes)
    np.testing.assert_array_equal(design.dummies().sum(axis=1), 1.0)


def test_missing_volumes_stay_missing_and_do_not_move_the_others():
    made = cohort()
    holed = made.volumes.to_numpy().copy()
    holed[0, 1] = holed[15, 2] = np.nan
    first, second = bc.prepare(made), bc.prepare(cohort(holed))
    assert second.n_missing == 2
    assert np.isnan(second.y.values[0, 1])
    assert np.isnan(second.y.values[15, 2])
    np.testing.assert_array_equal(first.y.values[:, 0], second.y.values[:, 0])
    np.testing.assert_array_equal(first.scale.values[[0, 2]], second.scale.values[[0, 2]])
    assert first.scale.values[1] != second.scale.values[1]


def test_few_controls_are_scaled_without_their_covariates():
    made = cohort(sizes=(5, 17))
    design = bc.prepare(made, covariates=FORMULA)
    logs = np.log(made.volumes.to_numpy()[:5])
    np.testing.assert_allclose(design.scale, logs.std(axis=0, ddof=1))


@pytest.mark.parametrize(
    ("volumes", "options", "said"),
    [
        ({(3, 1): 0.0}, {}, "logarithm needs positive volumes, but subject s03 has 0 in Right-Thalamus"),
        ({(3, 1): -9.0, (4, 0): 0.0}, {}, r"\(2 such values in all\)"),
        ({(3, 1): np.inf}, {"transform": "identity"}, "s03 has an infinite volume in Right-Thalamus"),
        ({(slice(0, 12), 2): 70.0}, {}, "Left-Caudate does not vary among the controls"),
        (
            {(slice(0, 12), 2): 70.0},
            {"transform": "identity"},
            "Left-Caudate does not vary among the controls",
        ),
        ({(slice(0, 10), 0): np.nan}, {}, "only 2 of the controls have a volume for Left-Thalamus"),
        (
            {(slice(12, 22), 0): np.nan},
            {},
            "none of the 10 people of MS have a volume for Left-Thalamus, so that",
        ),
        (
            {(slice(12, 20), 2): np.nan},
            {},
            "only 2 of the 10 people of MS have a volume for Left-Caudate, .* leave the region out",
        ),
        (
            {(slice(12, 17), 0): np.nan, (slice(17, 22), 2): np.nan},
            {},
            "none of the 10 people of MS have both Left-Thalamus and Left-Caudate, .* leave one of the two regions out",
        ),
        ({}, {"transform": "lgo"}, "'lgo' is not known; did you mean 'log'"),
    ],
)
def test_volumes_that_cannot_be_used_are_said_with_their_place(volumes, options, said):
    values = cohort().volumes.to_numpy().copy()
    for place, value in volumes.items():
        values[place] = value
    with pytest.raises(DesignError, match=said):
        bc.prepare(cohort(values), **options)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"covariates": ["age", "sex"]}, "as text; write covariates='age \\+ sex'"),
        ({"covariates": None}, "as text; write covariates='age \\+ sex'"),
        ({"cohort": cohort().volumes}, "not from DataFrame; read the table with read_cohort first"),
        ({"cohort": None}, "not from NoneType"),
        ({"transform": None}, "transform=None is not known; use one of: log, identity"),
    ],
)
def test_arguments_of_another_kind_are_said(arguments, said):
    with pytest.raises(DesignError, match=said):
        bc.prepare(**{"cohort": cohort(), **arguments})


def test_of_two_patients_both_have_to_be_measured():
    two = cohort(sizes=(12, 2))
    assert list(bc.prepare(two).sizes) == [12, 2]
    volumes = two.volumes.to_numpy(copy=True)
    volumes[13, 1] = np.nan
    with pytest.raises(DesignError, match="only 1 of the 2 people of MS have a volume for Right-Thalamus"):
        bc.prepare(cohort(volumes, sizes=(12, 2)))


def test_check_says_beforehand_of_whom_too_few_are_measured():
    made = cohort()
    volumes = made.volumes.to_numpy(copy=True)
    volumes[12:, 1] = np.nan
    problems = [c.text for c in check(cohort(volumes)) if c.name == "problem"]
    assert problems == [
        "none of the 10 people of MS have a volume for Right-Thalamus, so that its connections there cannot be known; at least 3 "
        "are needed: leave the region out, or this group"
    ]


def test_two_controls_are_too_few_whatever_the_regions():
    with pytest.raises(DesignError, match=r"too few controls \(2\); at least 3 .* add controls"):
        bc.prepare(cohort(sizes=(2, 12)))


def test_the_identity_scale_takes_zero():
    values = cohort().volumes.to_numpy().copy()
    values[3, 1] = 0.0
    design = bc.prepare(cohort(values), transform="identity")
    assert np.isfinite(design.y.values).all()
    assert design.regions == REGIONS
