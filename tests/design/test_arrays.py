"""The Design itself: sites, percent, edges, and storing without loss."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import bayescov as bc
from bayescov.design import Design, edge_pairs, from_edges, to_edges
from bayescov.design.edges import edge_coordinates
from bayescov.errors import DesignError
from tests.design.tables import cohort


def test_sites_become_codes_with_a_check_that_says_who_was_where():
    design = bc.prepare(cohort(), site="scanner")
    assert design.sites == ("A", "B")
    assert design.site.shape == (22,)
    check = design.checks[0]
    assert check.passed is True
    assert "A: 4 HC, 4 MS" in check.text
    np.testing.assert_array_equal(check.table.loc["B"], [8, 6])
    np.testing.assert_array_equal(check.table.to_numpy().sum(axis=0), design.sizes)


def test_sites_confounded_with_groups_are_a_warning_not_an_error():
    design = bc.prepare(cohort(scanner=np.repeat(["A", "B"], [12, 10])), site="scanner")
    assert design.checks[0].passed is False
    assert "confounded" in design.checks[0].text
    linked = bc.prepare(cohort(scanner=np.repeat(["A", "B", "A"], [6, 15, 1])), site="scanner")
    assert linked.checks[0].passed is True


def test_sites_nearly_confounded_with_groups_are_a_warning_too():
    # 12 controls at A but one, 10 patients at B: the one difference within a site is 1 of 11 against 10
    design = bc.prepare(cohort(scanner=np.repeat(["A", "B"], [11, 11])), site="scanner")
    assert design.checks[0].passed is False
    left = f"MS {100 * (1 * 10 / 11) / (12 * 10 / 22):.0f} %"
    text = design.checks[0].text
    assert "nearly confounded: little of the information on the difference from HC is left" in text
    assert left in text
    assert "B: 1 HC, 10 MS" in text


@pytest.mark.parametrize(
    ("site", "changes", "said"),
    [
        ("scaner", {}, "did you mean 'scanner'"),
        ("scanner", {"scanner": "A"}, r"names only one site \(A\)"),
        ("scanner", {"scanner": np.array(["A", None] * 11, dtype=object)}, "missing for s01"),
    ],
)
def test_sites_that_cannot_be_used_are_said(site, changes, said):
    with pytest.raises(DesignError, match=said):
        bc.prepare(cohort(**changes), site=site)


def test_regressors_are_dummies_covariates_and_sites_without_the_first():
    design = bc.prepare(cohort(), covariates="age + sex", site="scanner")
    regressors = design.regressors()
    assert regressors.shape == (22, 2 + 2 + 1)
    np.testing.assert_array_equal(regressors[:, :2], design.dummies())
    np.testing.assert_array_equal(regressors[:, 2:4], design.x.values)
    np.testing.assert_array_equal(regressors[:, 4], design.site.values == 1)
    assert np.linalg.matrix_rank(regressors) == 5
    assert bc.prepare(cohort()).regressors().shape == (22, 2)


def test_percent_is_the_ratio_of_typical_volumes():
    made = cohort()
    for transform in ("log", "identity"):
        design = bc.prepare(made, transform=transform)
        values = made.volumes.to_numpy()
        shrunk = 0.9 * (np.exp(np.log(values[:12]).mean(0)) if transform == "log" else values[:12].mean(0))
        raw = np.log(shrunk) if transform == "log" else shrunk
        standardised = (raw - design.center.values) / design.scale.values
        np.testing.assert_allclose(design.percent(standardised, design.scale), -10.0)
        many = np.tile(standardised, (4, 5, 1))
        np.testing.assert_allclose(design.percent(many, design.scale), np.full((4, 5, 3), -10.0))


def assert_same(first: Design, second: Design) -> None:
    for name in ("y", "x", "population", "center", "scale", "covariate_center", "covariate_scale"):
        xr.testing.assert_equal(getattr(first, name), getattr(second, name))
    for name in (
        "populations",
        "transform",
        "formula",
        "levels",
        "sites",
        "regions",
        "subjects",
        "covariates",
    ):
        assert getattr(first, name) == getattr(second, name)
    assert [(c.name, c.passed, c.text) for c in first.checks] == [
        (c.name, c.passed, c.text) for c in second.checks
    ]
    assert (first.site is None) == (second.site is None)
    if first.site is not None:
        xr.testing.assert_equal(first.site, second.site)
    np.testing.assert_array_equal(first.regressors(), second.regressors())


@pytest.mark.parametrize(
    "options", [{}, {"covariates": "age + sex + log(icv)"}, {"site": "scanner"}, {"transform": "identity"}]
)
def test_storing_a_design_loses_nothing(options, tmp_path):
    values = cohort().volumes.to_numpy().copy()
    values[3, 1] = np.nan
    design = bc.prepare(cohort(values), **options)
    stored = design.to_dataset()
    assert_same(design, Design.from_dataset(stored))
    assert all(isinstance(v, str) for v in stored.attrs.values())
    json.dumps(stored.attrs)
    stored.to_zarr(tmp_path / "design.zarr", zarr_format=2, consolidated=False)
    with xr.open_zarr(tmp_path / "design.zarr", consolidated=False) as read:
        assert_same(design, Design.from_dataset(read.load()))


def test_coordinates_cover_every_dimension_of_a_fit():
    coords = bc.prepare(cohort(), covariates="age", site="scanner").coords()
    assert set(coords) == {
        "population",
        "region",
        "covariate",
        "subject",
        "edge",
        "region_a",
        "region_b",
        "site",
    }
    assert list(coords["edge"]) == [
        "Left-Thalamus ~ Right-Thalamus",
        "Left-Thalamus ~ Left-Caudate",
        "Right-Thalamus ~ Left-Caudate",
    ]
    assert list(coords["region_b"][1]) == ["Right-Thalamus", "Left-Caudate", "Left-Caudate"]


def test_a_design_is_shown_in_a_line():
    assert repr(bc.prepare(cohort())) == "<Design: 12 HC, 10 MS (control HC); 3 regions; transform log>"
    volumes = np.random.default_rng(1).normal(8, 1, (22, 3))
    volumes[3, 1] = np.nan
    made = cohort(volumes, place=np.resize(["a", "b", "c"], 22))
    assert repr(bc.prepare(made, covariates="age + sex", site="place", transform="identity")) == (
        "<Design: 12 HC, 10 MS (control HC); 3 regions; transform identity; covariates age, sex[T.M]; 3 sites; "
        "missing volumes: 1>"
    )


def test_the_frame_shows_groups_beside_standardised_volumes():
    made = cohort()
    frame = bc.prepare(made).frame()
    assert list(frame["group"]) == list(made.group)
    assert frame.drop(columns="group")[:12].mean().abs().max() < 1e-12


@given(st.integers(2, 20), st.integers(0, 1000), st.lists(st.integers(1, 3), max_size=2))
def test_edges_and_matrices_are_two_writings_of_one_thing(p, seed, lead):
    n_edges = p * (p - 1) // 2
    edges = np.random.default_rng(seed).uniform(-1, 1, (*lead, n_edges))
    matrices = from_edges(edges)
    assert matrices.shape == (*lead, p, p)
    np.testing.assert_array_equal(to_edges(matrices), edges)
    np.testing.assert_array_equal(matrices, np.swapaxes(matrices, -1, -2))
    rows, columns = edge_pairs(p)
    for e in range(n_edges):
        np.testing.assert_array_equal(matrices[..., rows[e], columns[e]], edges[..., e])
    names = [f"r{i}" for i in range(p)]
    labels = edge_coordinates(names)
    assert labels["edge"][-1] == f"r{p - 2} ~ r{p - 1}"


def test_a_study_is_known_by_its_people_volumes_covariates_and_sites(tmp_path):
    """Whatever the unit, and on disk; not with another volume, age, order of people or formula."""
    table = cohort()
    design = bc.prepare(table, covariates="age", site="scanner")
    path = tmp_path / "design.nc"
    design.to_dataset().to_netcdf(path)
    with xr.open_dataset(path) as stored:
        assert Design.from_dataset(stored.load()).study == design.study
    rounded = replace(design, y=design.y.round(8))
    assert rounded.study == design.study
    shifted = design.y.copy()
    shifted[0, 0] += 1e-6
    order = np.arange(len(design.subjects))[::-1]
    others = [
        replace(design, y=shifted),
        replace(design, y=design.y[order], x=design.x[order], population=design.population[order]),
        bc.prepare(table, site="scanner"),
        bc.prepare(table, covariates="age"),
    ]
    assert len({design.study, *(other.study for other in others)}) == 5
