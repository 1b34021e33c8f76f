"""New people as a frame: their ids and regions are found as `read_cohort` finds them."""

import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from bayescov.errors import AnswerError
from bayescov.posterior.newcomers import newcomers
from tests.cohort.people import table


@pytest.fixture(scope="module")
def design():
    return bc.prepare(bc.read_cohort(table(30)), covariates="age + sex")


@pytest.fixture
def frame():
    return table(4, seed=5).drop(columns="group").rename(columns={"participant_id": "id"})


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t,
        lambda t: t.set_index("id"),
        lambda t: t.set_index(t["id"].to_numpy()).drop(columns="id"),
        lambda t: t.rename(columns={"id": "Subject"}),
        lambda t: pd.concat([t, t])[[True] * 4 + [False] * 4].rename({0: 9}),
        lambda t: t.set_index("id").assign(case="a"),  # an index of ids is surer than a column that may be
    ],
    ids=["column", "index", "index without a name", "another name", "rows picked", "index and column"],
)
def test_ids_are_found(design, frame, change):
    assert newcomers(design, change(frame)).subjects == ("sub-01", "sub-02", "sub-03", "sub-04")


def test_without_ids_people_are_called_as_their_rows_are(design, frame):
    assert newcomers(design, frame.drop(columns="id")).subjects == ("0", "1", "2", "3")


def test_a_covariate_of_the_formula_is_no_id():
    study = table(30).assign(case=np.repeat(["1", "2", "1"], 10))
    design = bc.prepare(bc.read_cohort(study), covariates="age + C(case)")
    new = newcomers(design, study.drop(columns=["participant_id", "group"]).head(4))
    assert new.subjects == ("0", "1", "2", "3")
    np.testing.assert_allclose(new.x, design.x.values[:4])


@pytest.mark.parametrize("change", [lambda t: t, lambda t: t.set_index("id")], ids=["column", "index"])
def test_ids_that_are_there_twice_are_refused_in_a_column_too(design, frame, change):
    frame["id"] = ["x", "x", "y", "z"]
    with pytest.raises(
        AnswerError, match=r"1 of 4 rows give a person again who was there before .the first: x."
    ):
        newcomers(design, change(frame))


def test_an_empty_id_is_refused(design, frame):
    frame.loc[2, "id"] = None
    with pytest.raises(AnswerError, match="in the table of new people, the id column 'id' is empty in row 3"):
        newcomers(design, frame)


@pytest.mark.parametrize("spelled", ["Left-Thalamus-Proper", "Lthal", "left thalamus", "Left-Thalamus (mm3)"])
def test_regions_are_found_in_any_spelling(design, frame, spelled):
    truth = newcomers(design, frame)
    new = newcomers(design, frame.rename(columns={"Left-Thalamus": spelled}))
    np.testing.assert_array_equal(new.y, truth.y)
    assert new.absent == ()


def test_a_unit_in_the_name_of_a_region_holds(design, frame):
    truth = newcomers(design, frame).y
    ml = frame.rename(columns={"Left-Thalamus": "Left-Thalamus (ml)"})
    ml["Left-Thalamus (ml)"] /= 1000
    np.testing.assert_allclose(newcomers(design, ml).y, truth)


def test_a_unit_in_the_studys_own_name_of_a_region_is_that_of_its_table_and_not_of_new_people(frame):
    rng = np.random.default_rng(1)
    study = table(30).assign(mine_ml=rng.uniform(0.9, 1.1, 30))
    cohort = bc.read_cohort(study, regions=["Left-Thalamus", "Left-Caudate", "mine_ml"])
    assert cohort.volumes["mine_ml"].median() > 500
    design = bc.prepare(cohort)
    np.testing.assert_allclose(newcomers(design, cohort.volumes).y, design.y.values, atol=1e-9)


def test_columns_of_one_region_fill_each_other_or_are_refused(design, frame):
    truth = newcomers(design, frame)
    both = frame.assign(**{"Left-Thalamus-Proper": frame["Left-Thalamus"].where(frame.index > 1)})
    both["Left-Thalamus"] = frame["Left-Thalamus"].where(frame.index <= 1)
    np.testing.assert_array_equal(newcomers(design, both).y, truth.y)
    both = frame.assign(Lthal=frame["Left-Thalamus"] * 1.1)
    with pytest.raises(
        AnswerError, match="'Left-Thalamus' and 'Lthal' are both Left-Thalamus but disagree for 4 people"
    ):
        newcomers(design, both)


def test_text_among_volumes_is_named_and_numbers_written_as_text_are_read(design, frame):
    truth = newcomers(design, frame)
    np.testing.assert_array_equal(newcomers(design, frame.astype({"Left-Caudate": str})).y, truth.y)
    whole = frame.assign(**{"Left-Caudate": frame["Left-Caudate"].round().astype(int)})
    new = newcomers(design, whole.astype({"Left-Caudate": object}))
    np.testing.assert_array_equal(new.y, newcomers(design, whole).y)
    odd = frame.astype({"Left-Caudate": object})
    odd.loc[1, "Left-Caudate"] = "large"
    with pytest.raises(AnswerError, match=r"'Left-Caudate' holds text where volumes belong .sub-02: 'large'"):
        newcomers(design, odd)
