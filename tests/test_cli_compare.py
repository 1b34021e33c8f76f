"""``bayescov compare``: from a stored fit and from a table, what it writes and says, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from bayescov.cli.speaking import in_options
from tests.command_line import run, write_study

QUICK = ["--model", "separate", "--draws", "150", "--chains", "2", "--seed", "3"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def from_table(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return run("compare", table, "--covariates", "age", "--permutations", "199", "--out", out, *QUICK), out


def test_a_table_is_fitted_and_compared(from_table):
    result, out = from_table
    assert result.exit_code == 0, result.output
    assert {p.name for p in out.iterdir()} == {"fit.zarr", "comparison.csv"}
    assert "34 HC, 40 MS, 35 NMOSD (control HC)" in result.stdout
    for group in ("MS", "NMOSD"):
        assert f"- {group}: " in result.stdout
    assert "The global test that no connection differs gives p = " in result.stdout
    assert "With 199 permutations a connection alone cannot reach q ≤ 0.05" in result.stdout
    assert "R-hat" in result.stdout
    frame = pd.read_csv(out / "comparison.csv", keep_default_na=False)
    assert len(frame) == 2 * 105
    assert set(frame["called_by"]) <= {"both", "posterior", "test", "neither"}
    again = bc.to_frame(bc.compare(bc.load_fit(out / "fit.zarr"), n_permutations=199, seed=3))
    assert list(frame.columns) == list(again.columns)
    assert frame["why"].tolist() == again["why"].tolist()
    np.testing.assert_allclose(frame["p_max_t"].astype(float), again["p_max_t"])


def test_a_stored_fit_is_compared_beside_it_or_elsewhere(from_table, tmp_path):
    _, out = from_table
    first = (out / "comparison.csv").read_text()
    arguments = ["compare", "--fit", out, "--seed", "3", "--permutations", "199"]
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert (out / "comparison.csv").read_text() == first
    arguments[2] = out / "fit.zarr"
    result = run(*arguments, "--out", tmp_path / "new", "--fdr", "0.5", "--kind", "partial")
    assert result.exit_code == 0, result.output
    assert "a false discovery rate of 50 %" in result.stdout
    assert f"Written to {tmp_path / 'new'}: comparison.csv." in result.stdout
    assert (tmp_path / "new" / "comparison.csv").read_text() != first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "what is to be compared?"),
        (["TABLE", "--fit", "FIT"], "not both"),
        (["--fit", "FIT", "--covariates", "age", "--model", "sparse"], "--covariates, --model cannot change"),
        (["--fit", "nowhere.zarr"], "no fit at nowhere.zarr"),
        (["--fit", "TABLE"], "is not a fit"),
        (["--fit", "FIT", "--kind", "parital"], "did you mean 'partial'"),
        (["--fit", "FIT", "--out", "TABLE"], "name another folder with --out"),
        (["TABLE", "--covariates", "agee", "--out", "OUT"], "did you mean 'age'"),
        (["TABLE", "--control", "HCC", "--out", "OUT"], "did you mean 'HC'"),
        (["TABLE", "--kind", "parital", "--out", "OUT", *QUICK], "did you mean 'partial'"),
    ],
)
def test_what_cannot_be_compared_is_one_message_and_status_2(from_table, table, tmp_path, arguments, said):
    places = {"TABLE": table, "FIT": from_table[1] / "fit.zarr", "OUT": tmp_path}
    result = run("compare", *[places.get(a, a) for a in arguments])
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert not list(tmp_path.iterdir())  # said before anything was sampled


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("exclude= leaves people out", "--exclude leaves people out"),
        ("choose with visit='first' or 'last'", "choose with --visit 'first' or 'last'"),
        ("name it with group=; there", "name it with --group; there"),
        ("threshold=1.5 must be", "--threshold 1.5 must be"),
        ("between=('MS',) must name", "--between MS must name"),
        ("between=('MS', 'a b') must name", "--between MS,a b must name"),
        # what a table or a path holds stays as it is
        ("the group 'site=A' has", "the group 'site=A' has"),
        ("data/site=1/volumes.csv: empty", "data/site=1/volumes.csv: empty"),
        ("atlas= describes regions", "atlas= describes regions"),
    ],
)
def test_sentences_name_options_and_not_arguments(written, said):
    assert in_options(written) == said
