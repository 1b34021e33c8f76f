"""Commands that ask a stored fit further questions, and `plan`: what they print and write, and their exit status."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from bayescov import cli as commands
from bayescov.cli.kept import named_groups, pair
from bayescov.cli.planning import sizes_of
from bayescov.cli.run import FILES, LATER
from bayescov.errors import AnswerError
from bayescov.sampling.tree import design_of
from bayescov.simulate import truth_names
from tests.command_line import run, write_study

QUICK = ["--draws", "150", "--chains", "2", "--seed", "3"]
FIVE = "Left-Thalamus,Left-Caudate,Right-Thalamus,Right-Caudate,Brain-Stem"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def kept(table, tmp_path_factory):
    """The folder of a fit of five regions."""
    out = tmp_path_factory.mktemp("kept") / "results"
    result = run(
        "fit", table, "--group", "diagnosis", "--regions", FIVE, "--covariates", "age + sex", "--model", "separate",
        "--out", out, *QUICK,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture(scope="module")
def other(kept, tmp_path_factory):
    """The same people under another model."""
    out = tmp_path_factory.mktemp("other")
    quick = {"draws": 150, "tune": 100, "chains": 2, "min_ess": 0.0, "progress": False}
    fit = bc.fit(design_of(bc.load_fit(kept / "fit.zarr")), model="pooled", seed=1, **quick)
    bc.save_fit(fit, out / "fit.zarr")
    return out


def test_answers_about_an_earlier_fit_are_pointed_out(table, tmp_path):
    asked = (
        "fit",
        table,
        "--group",
        "diagnosis",
        "--regions",
        FIVE,
        "--model",
        "separate",
        "--brief",
        "--out",
        tmp_path,
        *QUICK,
    )
    for name in ("networks.csv", "other.csv"):
        (tmp_path / name).write_text("old", encoding="utf-8")
    result = run(*asked)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert (
        "are answers about an earlier fit: networks.csv. Delete them, or ask these questions again." in said
    )


def test_what_commands_write_beside_a_fit_is_known():
    source = "".join(path.read_text(encoding="utf-8") for path in Path(commands.__file__).parent.glob("*.py"))
    written = re.findall(r'kept\.write\("([\w.]+)"|target / "(\w+\.(?:csv|html))"', source)
    written = {one or other for one, other in written} - {"calibration.csv", "runs.csv"}  # beside no fit
    assert written == {*LATER, *FILES} - {"fit.zarr"}


def sections(folder):
    return re.findall(r'<section id="(\w+)"', (folder / "report.html").read_text(encoding="utf-8"))


def test_fit_puts_networks_and_sensitivity_into_its_report_unless_it_is_to_be_brief(kept, tmp_path):
    assert "networks" in sections(kept)
    page = (kept / "report.html").read_text(encoding="utf-8")
    assert "survive?" in page
    assert "p, permutation" in page
    result = run("report", kept, "--brief", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "networks" not in sections(tmp_path)
    assert "survive?" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_two_regions_get_networks_and_sensitivity_too(table, tmp_path):
    two = ["--regions", "Left-Thalamus,Right-Thalamus", "--model", "separate"]
    result = run("fit", table, *two, *QUICK, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "networks" in sections(tmp_path)
    assert "survive?" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_report_written_anew_has_the_p_values_and_the_command_of_the_fit(table, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/bin/bayescov", "fit", "t.csv"])
    result = run("fit", table, "--regions", FIVE, "--model", "separate", *QUICK, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    first = (tmp_path / "report.html").read_text(encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["/bin/bayescov", "report", "here"])
    assert run("report", tmp_path).exit_code == 0
    again = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "bayescov fit t.csv\nbayescov report here" in again
    assert again.replace("\nbayescov report here", "") == first


def test_networks_that_fail_leave_sensitivity(table, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no net")

    monkeypatch.setattr(bc, "networks", broken)
    result = run("fit", table, "--regions", FIVE, "--model", "separate", *QUICK, "--out", tmp_path)
    assert result.exit_code == 1
    assert "Networks failed (RuntimeError: no net)" in result.stderr
    assert "networks" not in sections(tmp_path)
    assert "survive?" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_group_too_small_for_the_permutation_test_is_a_limit_and_no_failure(table, tmp_path):
    people = pd.read_csv(table)
    four = people[people["diagnosis"] == "MS"].index[:4]
    people[people.index.isin(four) | (people["diagnosis"] == "HC")].to_csv(tmp_path / "four.csv", index=False)
    why = "group 'MS' has 4 people to correlate; the test needs at least 5 in every group"
    three = ["--regions", "Left-Thalamus,Left-Caudate,Right-Thalamus", "--model", "separate", "--debug"]
    asked = ["fit", tmp_path / "four.csv", *three, *QUICK, "--out", tmp_path]
    for arguments in (asked, ["report", tmp_path], ["report", tmp_path, "--brief"]):
        (tmp_path / "report.html").unlink(missing_ok=True)
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        assert f"Without the permutation test: {why}" in result.stdout
        assert "report it" not in result.output
        assert (tmp_path / "report.html").exists()
        assert ("networks" in sections(tmp_path)) == ("--brief" not in arguments)
    result = run("networks", tmp_path, "--draws", "50")
    assert result.exit_code == 0, result.output
    assert f"Without the permutation test: {why}" in result.stdout
    assert "p_value" not in pd.read_csv(tmp_path / "networks.csv")


def test_networks_are_those_of_python_with_their_permutation_test(kept, tmp_path):
    result = run("networks", kept, "--draws", "50", "--permutations", "49", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "Networks, MS against HC" in result.stdout
    fit = bc.load_fit(kept / "fit.zarr")
    expected = bc.networks(fit, draws=50)
    table = pd.read_csv(tmp_path / "networks.csv")
    np.testing.assert_allclose(
        table["difference"], bc.to_frame(expected, over=("population", "measure"))["difference"], atol=1e-12
    )
    test = bc.network_test(design_of(fit), n_permutations=49)
    density = table[table["measure"] == "density"]["p_value"]
    np.testing.assert_allclose(density, test["p_value"].sel(measure="density"))
    regions = pd.read_csv(tmp_path / "network_regions.csv")
    assert len(regions) == 2 * 5 * 5
    assert regions["p_hub"].between(0, 1).all()


def test_sensitivity_says_whether_the_sentence_survives(kept, tmp_path):
    result = run("sensitivity", kept, "--certainty", "0.8", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert len(re.findall(r"The sentence holds in \d+ of \d+ scenarios", result.stdout)) == 2
    table = pd.read_csv(tmp_path / "sensitivity.csv")
    expected = bc.sensitivity(bc.load_fit(kept / "fit.zarr"), certainty=0.8)
    assert list(table["sentence"]) == list(bc.to_frame(expected, over=("scenario", "population"))["sentence"])
    assert (table["kind"] == "person").sum() == 2 * 109
    assert set(pd.read_csv(tmp_path / "sensitivity_priors.csv")["part"]) == {"mean", "likelihood"}


def test_refits_are_fitted_under_every_prior_of_the_grid(kept, tmp_path, monkeypatch):
    seen = {}
    real = bc.sensitivity

    def watched(fit, *, refits, **options):
        seen.update(refits)
        return real(fit, **options)

    monkeypatch.setattr("bayescov.posterior.sensitivity", watched)
    result = run("sensitivity", kept, "--refits", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert set(seen) == set(bc.prior_grid(bc.load_fit(kept / "fit.zarr")))


def test_predictive_checks_are_judged_and_written(kept, tmp_path):
    result = run("predictive-checks", kept / "fit.zarr", "--draws", "30", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("fine") + result.stdout.count("look") == 4
    table = pd.read_csv(tmp_path / "predictive_checks.csv")
    assert dict(table["statistic"].value_counts()) == {
        "correlation": 30,
        "sd": 15,
        "eigenvalue": 9,
        "tail": 9,
    }
    assert "Left-Thalamus ~ Left-Caudate" in set(table["element"])
    assert table["p"].between(0, 1).all()


def test_differentiation_by_the_fits_own_model(kept, tmp_path, monkeypatch):
    asked = {}
    real = bc.differentiate

    def quick(design, between, *, model, **options):
        asked.update(model=model, between=between)
        settings = {"draws": 60, "tune": 100, "chains": 2, "min_ess": 0.0}
        return real(design, between, model=model, rivals=False, settings=settings, **options)

    monkeypatch.setattr("bayescov.posterior.differentiate", quick)
    result = run("differentiate", kept, "--folds", "2", "--jobs", "1", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert asked["between"] == ("MS", "NMOSD")
    assert asked["model"].name == "separate"
    assert "Telling MS from NMOSD" in result.stdout
    people = pd.read_csv(tmp_path / "differentiation_people.csv")
    assert dict(people["diagnosis"].value_counts()) == {"MS": 40, "NMOSD": 35}
    scores = pd.read_csv(tmp_path / "differentiation.csv").set_index("classifier")
    positive = people["diagnosis"] == "MS"
    pairs = people["both"][positive].to_numpy()[:, None] > people["both"][~positive].to_numpy()
    assert scores.loc["both", "auc"] == pytest.approx(pairs.mean())


def test_new_people_get_probabilities_or_nothing(kept, table, tmp_path):
    new = pd.read_csv(table).drop(columns="diagnosis").iloc[40:60]
    new.to_csv(tmp_path / "new.csv", index=False)
    result = run("predict", kept, tmp_path / "new.csv", "--between", "MS,NMOSD", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "20 people" in result.stdout
    written = pd.read_csv(tmp_path / "predictions.csv")
    np.testing.assert_allclose(written["p_MS"] + written["p_NMOSD"], 1.0)
    frame = new.set_index(new.columns[0])
    expected = bc.predict(bc.load_fit(kept / "fit.zarr"), frame, between=("MS", "NMOSD"))
    np.testing.assert_allclose(written["p_MS"], expected["probability"].sel(population="MS"), rtol=1e-6)
    sure = written[["p_MS", "p_NMOSD"]].max(axis=1) >= 0.8
    assert (written["diagnosis"] != "undecided").sum() <= sure.sum()


def test_what_is_odd_about_new_people_is_said(kept, table, tmp_path):
    study = pd.read_csv(table).drop(columns="diagnosis")
    new = study.iloc[40:45].copy()
    id, regions = new.columns[0], list(bc.load_fit(kept / "fit.zarr")["posterior"]["region"].values)
    new[id] = [new[id].iloc[0], "empty", "tiny", "old", "odd"]
    new.loc[new.index[1], regions] = np.nan
    new.loc[new.index[2], regions[0]] = 10.0
    new.loc[new.index[3], "age"] = 300.0
    new.loc[new.index[4], "age"] = 116.0
    new.to_csv(tmp_path / "new.csv", index=False)
    result = run("predict", kept, tmp_path / "new.csv", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert not result.stderr
    said = " ".join(result.stdout.split())
    assert f"of the study itself by their ids, and not new: {new[id].iloc[0]}." in said
    assert "None of the study's volumes, so that nothing can be said: empty." in said
    assert f"tiny: {regions[0]} = 10 mm3" in said
    assert "Impossible ages: old (300), odd (116)." in said
    assert "the probabilities are extrapolated: old (age" in said
    written = pd.read_csv(tmp_path / "predictions.csv").set_index("subject")
    assert written.loc["empty", "diagnosis"] == "undecided"
    assert np.isnan(written.loc["empty", "typicality"])
    np.testing.assert_allclose(written.filter(like="p_").loc["empty"], 1 / 3)
    if written.filter(like="p_").loc["tiny"].max() >= 0.8:
        assert "look at these scans: " in said


def test_groups_with_commas_in_their_names_can_be_named():
    groups = ("HC", "MS, early", "MS", "NMO, AQP4, late")
    assert named_groups("MS, early,HC", groups) == ["MS, early", "HC"]
    assert named_groups("NMO, AQP4, late , MS", groups) == ["NMO, AQP4, late", "MS"]
    assert named_groups("MS,HC", groups) == ["MS", "HC"]
    assert named_groups("MS, late,HC", groups) == ["MS", "late", "HC"]
    assert named_groups("", groups) == []
    with pytest.raises(AnswerError, match=r"for instance --between 'MS, early,MS'"):
        pair("MS", groups)


def test_new_people_may_be_written_with_decimal_commas(kept, table, tmp_path):
    new = pd.read_csv(table).drop(columns="diagnosis").iloc[40:45]
    new.to_csv(tmp_path / "points.csv", index=False)
    new.to_csv(tmp_path / "commas.csv", sep=";", decimal=",", index=False)
    found = []
    for name in ("points", "commas"):
        result = run("predict", kept, tmp_path / f"{name}.csv", "--out", tmp_path / name)
        assert result.exit_code == 0, result.output
        found.append(pd.read_csv(tmp_path / name / "predictions.csv"))
    pd.testing.assert_frame_equal(*found)


def test_codes_for_missing_of_new_people_are_said(kept, table, tmp_path):
    new = pd.read_csv(table).drop(columns="diagnosis").iloc[40:44]
    new["age"] = [41.0, -9.0, 45.0, 52.0]
    new.to_csv(tmp_path / "new.csv", index=False)
    result = run("predict", kept, tmp_path / "new.csv", "--out", tmp_path)
    assert result.exit_code == 2
    assert "Read as missing: age (1 time -9)" in result.stdout
    assert "'age' is missing for 1 of 4 new people" in result.stderr


def test_models_are_compared_by_their_names(kept, other, tmp_path):
    result = run("compare-models", kept, other, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "Of 2 models, " in result.stdout
    models = pd.read_csv(tmp_path / "models.csv")
    assert set(models["model"]) == {"separate", "pooled"}
    assert models["weight"].sum() == pytest.approx(1.0, abs=1e-6)
    averaged = pd.read_csv(tmp_path / "connections_averaged.csv")
    assert len(averaged) == 2 * 10
    assert set(averaged["verdict"]) <= {"added", "missing", "reversed", "unchanged", "undecided"}


def test_one_report_holds_everything_asked_for(kept, other, tmp_path, monkeypatch):
    real = bc.differentiate
    quick = {"draws": 60, "tune": 100, "chains": 2, "min_ess": 0.0}
    monkeypatch.setattr(
        "bayescov.posterior.differentiate",
        lambda *a, **k: real(*a, **(k | {"folds": 2, "rivals": False, "settings": quick})),
    )
    result = run(
        "report", kept, "--between", "MS,NMOSD", "--with", other, "--threshold", "0.2", "--jobs", "1", "--out", tmp_path
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    order = ["headline", "people", "volumes", "connections", "networks", "apart", "twin", "trust", "methods"]
    assert sections(tmp_path) == order
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Which model predicts people it has not seen best?" in page
    assert '"threshold": 2000' in page
    supplement = (tmp_path / "supplement.html").read_text(encoding="utf-8")
    assert supplement.count("<table") == 2
    assert supplement.count("<tr>") == 2 * 10 + 2 * 5 + 2


SMALL = ["--regions", "5", "--changed", "1", "--model", "separate", "--studies", "2", "--jobs", "1"]


def test_plan_prints_and_keeps_what_python_computes(tmp_path, monkeypatch):
    arguments = [
        "plan",
        "10",
        "12/14/13",
        *SMALL,
        "--cache",
        tmp_path / "kept",
        "--out",
        tmp_path / "plan.csv",
    ]
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert "12/14/13" in result.stdout
    assert "From 2 simulated studies of each size, 5 regions, model separate" in result.stdout
    table = pd.read_csv(tmp_path / "plan.csv")
    assert list(table["size"]) == ["10/10/10"] * 2 + ["12/14/13"] * 2
    assert len(list((tmp_path / "kept").glob("*.json"))) == 4
    expected = bc.plan(
        [10, (12, 14, 13)], regions=5, changed=1, model="separate", studies=2, cache=tmp_path / "kept"
    )
    np.testing.assert_allclose(table["width"], expected["width"].values.ravel())

    def refuse(_):
        raise AssertionError("a study that was kept is simulated again")

    import sys

    monkeypatch.setattr(sys.modules["bayescov.simulate.plan"], "_study", refuse)
    assert run(*arguments).stdout == result.stdout


def test_plan_of_nothing_to_find_says_so(tmp_path):
    result = run("plan", "10", *SMALL, "--truth", "null", "--cache", tmp_path)
    assert result.exit_code == 0, result.output
    assert "there is nothing to find" in result.stdout


def test_sizes_are_written_in_one_of_two_ways():
    assert sizes_of("35") == (35, 35, 35)
    assert sizes_of("34/40/35") == (34, 40, 35)
    for wrong in ("34/40", "a", "34,40,35", "-3", "1/2/3/4"):
        with pytest.raises(AnswerError, match="write 35 for three groups of 35"):
            sizes_of(wrong)


def test_two_groups_are_named_or_are_the_two_patient_groups():
    assert pair(None, ("HC", "MS", "NMOSD")) == ("MS", "NMOSD")
    assert pair("NMOSD, HC", ("HC", "MS", "NMOSD")) == ("NMOSD", "HC")
    for between, groups, example in (
        ("UD", ("HC", "UD"), "HC,UD"),
        (None, ("HC", "UD"), "HC,UD"),
        ("MS", ("HC", "MS", "NMOSD"), "MS,NMOSD"),
    ):
        with pytest.raises(AnswerError, match=f"for instance --between {example}$"):
            pair(between, groups)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["networks", "nowhere"], "there is no fit at nowhere"),
        (["networks", "KEPT", "--draws", "1"], "greater than or equal to 50"),
        (["networks", "KEPT", "--hubs", "9"], "--hubs 9 must be"),
        (["sensitivity", "KEPT", "--kind", "parital"], "did you mean 'partial'"),
        (["differentiate", "KEPT", "--between", "MS"], "--between must name two groups"),
        (["differentiate", "KEPT", "--between", "MS,NMSOD"], "did you mean 'NMOSD'"),
        (["predict", "KEPT", "nowhere.csv"], "nowhere.csv"),
        (["predict", "KEPT", "TABLE", "--between", "MS"], "--between MS must name at least two"),
        (["compare-models", "KEPT"], "add the folder of another"),
        (["compare-models", "KEPT", "KEPT"], "give each once"),
        (["report", "KEPT", "--kind", "parital"], "did you mean 'partial'"),
        (["report", "KEPT", "--out", "FILE"], "name another folder with --out"),
        (["plan", "34/40"], "write 35 for three groups of 35"),
        (["plan", "35", "--truth", "sprase"], "did you mean 'sparse'"),
        (["plan", "35", "--model", "adaptve"], "did you mean 'adaptive'"),
        (["plan", "35", "--out", "nowhere/plan.csv"], "there is no folder nowhere"),
        (["plan", "35", "--jobs", "0"], "--jobs 0 must be a whole number of at least 1"),
        (["calibrate", "2"], "n=2 must be a whole number of at least 4"),
        (["calibrate", "--jobs", "0"], "--jobs 0 must be a whole number of at least 1"),
        (["differentiate", "KEPT", "--jobs", "0"], "--jobs 0 must be a whole number of at least 1"),
        (["plan", "35", "--cache", "FILE"], "name another folder with --cache"),
    ],
)
def test_what_cannot_be_answered_is_one_message_and_status_2(
    kept, table, tmp_path, monkeypatch, arguments, said
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    names = {"KEPT": kept, "TABLE": table, "FILE": table / "inside"}
    result = run(*[names.get(a, a) for a in arguments])
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_calibrate_prints_and_writes_what_python_computes(tmp_path):
    from bayescov.simulate.calibrate import calibrate
    from bayescov.simulate.judgement import judge

    asked = [
        "--truths",
        "null,sparse",
        "--models",
        "separate",
        "--regions",
        "4",
        "--datasets",
        "1",
        "--jobs",
        "1",
    ]
    result = run("calibrate", "12/10/9", *asked, "--out", tmp_path / "c")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(
        tmp_path / "c" / "calibration.csv", keep_default_na=False, na_values=[""]
    )  # a truth is called null
    expected = judge(
        calibrate(["null", "sparse"], models=["separate"], sizes=(12, 10, 9), p=4, datasets=1, jobs=1)
    )
    pd.testing.assert_frame_equal(table, expected, check_exact=False, check_dtype=False)
    assert len(pd.read_csv(tmp_path / "c" / "runs.csv")) == 2 * 2 * 6
    assert f"{table['ece'].max():.3f} at worst" in result.output


def test_calibrate_tells_every_truth_in_its_help():
    said = re.findall(r"\w+", run("calibrate", "--help").output)
    assert set(truth_names()) <= set(said)


def test_calibrate_names_what_it_does_not_know(tmp_path):
    for wrong, sentence in (
        (["--truths", "spars"], "--truths 'spars' is not known; did you mean 'sparse'"),
        (["--models", "poold"], "'pooled'"),
    ):
        result = run("calibrate", *wrong, "--datasets", "1", "--out", tmp_path)
        assert result.exit_code == 2
        assert sentence in result.output
