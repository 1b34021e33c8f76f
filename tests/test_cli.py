"""The command line: what it prints, what it writes, its exit status, and that it never shows a traceback unasked."""

import re
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from tests.command_line import run, write_study

QUICK = ["--model", "separate", "--draws", "150", "--chains", "2", "--seed", "3", "--brief"]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The packaged study as a person would have it: one CSV file."""
    return write_study(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def fitted(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "results"
    result = run(
        "fit",
        table,
        "--group",
        "diagnosis",
        "--control",
        "HC",
        "--covariates",
        "age + sex + log(icv)",
        "--out",
        out,
        *QUICK,
    )
    return result, out


def test_fit_writes_everything_and_says_what_was_found(fitted):
    result, out = fitted
    assert result.exit_code == 0, result.output
    assert {p.name for p in out.iterdir()} == {"fit.zarr", "connections.csv", "volumes.csv", "report.html"}
    said = result.stdout
    assert "34 HC, 40 MS, 35 NMOSD (control HC); 15 regions" in said
    assert re.search(r"Volumes, MS: .*\d+ are smaller than in HC", said)
    assert re.search(
        r"Connections, MS: of 105, \d+ \(\d+ to \d+\) added and \d+ \(\d+ to \d+\) missing", said
    )
    assert "the probability that MS gained more connections than it lost is" in said
    assert "R-hat" in said
    assert str(out / "report.html") in said


def test_fit_writes_the_tidy_tables_of_its_own_fit(fitted):
    _, out = fitted
    edges, regions = (pd.read_csv(out / f"{name}.csv") for name in ("connections", "volumes"))
    assert list(edges.columns[:3]) == ["population", "region_a", "region_b"]
    assert len(edges) == 2 * 105
    assert set(edges["verdict"]) <= {"added", "missing", "reversed", "unchanged", "undecided"}
    assert len(regions) == 2 * 15
    fit = bc.load_fit(out / "fit.zarr")
    again = bc.to_frame(bc.connections(fit))
    np.testing.assert_allclose(edges["p_added"], again["p_added"])
    np.testing.assert_allclose(regions["p_smaller"], bc.to_frame(bc.volumes(fit))["p_smaller"])
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "NMOSD" in page
    assert page.lstrip().lower().startswith("<!doctype html")


def test_thresholds_reach_the_answers(table, tmp_path):
    result = run(
        "fit",
        table,
        "--group",
        "diagnosis",
        "--out",
        tmp_path,
        "--threshold",
        "0.9",
        "--margin",
        "0.5",
        *QUICK,
    )
    assert result.exit_code == 0, result.output
    assert pd.read_csv(tmp_path / "connections.csv")["p_added"].max() < 0.05


def test_demo_says_what_was_recovered_of_the_truth(tmp_path):
    result = run("demo", "--out", tmp_path, *QUICK)
    assert result.exit_code == 0, result.output
    assert "Against the truth of the simulation" in result.stdout
    assert "MS, volumes: of 15 regions truly smaller" in result.stdout
    assert "of 20 truly added" in result.stdout
    people = pd.read_csv(tmp_path / "study.csv", index_col=0)
    again = bc.read_cohort(people.reset_index(), group="group", control="HC")
    assert again.groups == ("HC", "MS", "NMOSD")
    np.testing.assert_allclose(
        again.volumes[list(bc.simulate_study(seed=3).regions)], bc.simulate_study(seed=3).volumes
    )


def test_check_says_what_is_in_a_table(table):
    result = run("check", table, "--group", "diagnosis", "--control", "HC")
    assert result.exit_code == 0, result.output
    assert "34 HC" in result.stdout
    assert "15 of the 15 subcortical regions" in result.stdout


@pytest.mark.parametrize("command", ["check", "fit"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--group", "diagnosis", "--control", "HCC"], "did you mean 'HC'"),
        (["--group", "diagnossis", "--control", "HC"], "diagnossis"),
        (["--group", "diagnosis", "--regions", "Left-Thalamus, Left-Tahlamus"], "Left-Tahlamus"),
        (["--group", "diagnosis", "--regions", ","], "--regions names no region"),
        (["--group", "diagnosis", "--regions", ""], "--regions names no region"),
    ],
)
def test_bad_input_is_one_message_and_status_2(table, tmp_path, command, arguments, said):
    out = ["--out", tmp_path] if command == "fit" else []
    result = run(command, table, *arguments, *out)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_check_says_once_and_in_the_readers_words_that_no_column_is_a_region(tmp_path):
    (tmp_path / "t.csv").write_text(
        "id,group,age\n" + "".join(f"s{i},{g},3{i}\n" for i, g in enumerate(["HC", "MS"] * 4))
    )
    result = run("check", tmp_path / "t.csv")
    assert result.exit_code == 2
    assert result.output.count("no column is a known brain region; name the columns with --regions, or") == 1
    assert not re.search(r"^\w+ *$", result.stdout, re.MULTILINE)  # a mark without a sentence


@pytest.mark.parametrize("command", ["check", "fit"])
def test_participants_that_are_not_there_are_named(table, tmp_path, command):
    out = ["--out", tmp_path] if command == "fit" else []
    result = run(command, table, "--participants", "nope.tsv", *out)
    assert result.exit_code == 2
    assert "nope.tsv: the participants' table cannot be read: there is no such file" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--covariates", "agee"], "did you mean 'age'"),
        (["--model", "adaptve"], "did you mean 'adaptive'"),
        (["--transform", "lgo"], "did you mean 'log'"),
        (["--engine", "gibs"], "did you mean 'gibbs'"),
        (["--site", "scanner"], "scanner"),
        (["--draws", "49"], "Invalid value for '--draws'"),
        (["--threshold", "1.5"], "threshold"),
        (["--fdr", "-1"], "fdr"),
    ],
)
def test_bad_options_of_fit_are_said(table, tmp_path, arguments, said):
    result = run("fit", table, "--group", "diagnosis", "--out", tmp_path, *QUICK, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") <= 4
    assert not list(tmp_path.iterdir())  # said before anything was sampled


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo"],
        ["fit", "study.csv"],
        ["compare", "study.csv"],
        ["calibrate"],
        ["plan", "35"],
        *(
            [command, "results"]
            for command in (
                "compare-models",
                "differentiate",
                "networks",
                "predictive-checks",
                "report",
                "sensitivity",
            )
        ),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_seed_below_zero_is_bad_input_to_every_command(arguments):
    result = run(*arguments, "--seed", "-1")
    assert result.exit_code == 2
    assert re.search(r"--seed.*(x>=0|equal to 0)", ANSI.sub("", result.stderr))


def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(table):
    started = time.perf_counter()
    result = run("fit", table, "--group", "diagnosis", "--out", table / "inside")
    assert result.exit_code == 2
    assert "name another folder with --out" in result.stderr
    assert time.perf_counter() - started < 5


def test_results_replace_neither_the_table_nor_what_is_no_result(table, tmp_path):
    own = tmp_path / "volumes.csv"
    own.write_bytes(table.read_bytes())
    for source, why in ((own, "is to be read"), (table, "no fit has written")):
        result = run("fit", source, "--group", "diagnosis", "--control", "HC", "--out", tmp_path, *QUICK)
        assert result.exit_code == 2
        assert f"results would replace {own}, which {why}" in result.stderr
    (tmp_path / "study.csv").touch()
    assert "study.csv, which no fit has written" in run("demo", "--out", tmp_path, *QUICK).stderr
    assert own.read_bytes() == table.read_bytes()
    (tmp_path / "fit.zarr").mkdir()  # a folder of results, into which the table was put
    result = run("fit", own, "--group", "diagnosis", "--control", "HC", "--out", tmp_path, *QUICK)
    assert f"results would replace {own}, which is to be read" in result.stderr


def test_results_replace_earlier_ones(table, tmp_path):
    for _ in range(2):
        result = run("fit", table, "--group", "diagnosis", "--control", "HC", "--out", tmp_path, *QUICK)
        assert result.exit_code == 0, result.output


def test_a_failing_report_is_said_and_keeps_the_other_results(table, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no ink\nsecond line")

    monkeypatch.setattr("bayescov.report.report", broken)
    arguments = ["fit", table, "--group", "diagnosis", "--out", tmp_path, *QUICK]
    result = run(*arguments)
    assert result.exit_code == 1
    assert "The report failed (RuntimeError: no ink)" in result.stderr
    assert "--debug" in result.stderr
    assert "second line" not in result.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"fit.zarr", "connections.csv", "volumes.csv"}
    assert isinstance(run(*arguments, "--debug").exception, RuntimeError)


def test_failing_diagnostics_are_said(table, tmp_path, monkeypatch):
    def broken(_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("bayescov.sampling.diagnose", broken)
    result = run("fit", table, "--group", "diagnosis", "--out", tmp_path, *QUICK)
    assert result.exit_code == 1
    assert "do not rely on this fit" in result.stdout
    assert "The diagnostics failed (ZeroDivisionError" in result.stderr


def test_an_unexpected_error_is_one_sentence_and_status_1(table, monkeypatch):
    def broken(*_, **__):
        raise KeyError("volume")

    monkeypatch.setattr("bayescov.cohort.check", broken)
    result = run("check", table)
    assert result.exit_code == 1
    assert "KeyError" in result.stderr
    assert "--debug" in result.stderr
    assert "Traceback" not in result.output
    assert isinstance(run("check", table, "--debug").exception, KeyError)


def test_models_lists_every_model():
    result = run("models")
    assert result.exit_code == 0
    for name in bc.model_names():
        assert name in result.stdout


def test_names_from_a_file_are_never_read_as_markup(table, tmp_path):
    frame = pd.read_csv(table).replace({"diagnosis": {"MS": "[red]MS[/red]"}})
    frame.to_csv(tmp_path / "odd.csv", index=False)
    result = run("check", tmp_path / "odd.csv", "--group", "diagnosis", "--control", "HC")
    assert result.exit_code == 0
    assert "[red]MS[/red]" in result.stdout


def bayescov(*arguments):
    """The installed command, in a process of its own."""
    command = [sys.executable, "-c", "from bayescov.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def test_help_is_quick_and_imports_nothing_heavy():
    """Against the help of the smallest program that the same library can make, on the same machine at the same time."""
    ours = (
        "import sys, time\n"
        "from bayescov.cli import app\n"
        "try: app(['fit', '--help'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "heavy = {'pymc', 'pytensor', 'arviz', 'pandas', 'numba', 'scipy', 'xarray', 'plotly', 'matplotlib'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy)); print('SECONDS', time.process_time())"
    )
    smallest = (
        "import time, typer\n"
        "app = typer.Typer()\n"
        "@app.command()\n"
        "def fit(draws: int = typer.Option(1, help='Draws.')): pass\n"
        "try: app(['--help'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "print('SECONDS', time.process_time())"
    )

    def said(code):
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return result.stdout, float(result.stdout.split("SECONDS ")[1])

    (text, seconds), (_, least) = said(ours), said(smallest)
    assert "--covariates" in ANSI.sub("", text)
    assert "HEAVY []" in text
    assert seconds < 1.5 * least


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["--version"], 0),
        ([], 0),
        (["fit"], 2),
        (["fitt"], 2),
        (["fit", "nowhere.csv", "--group", "g", "--draws", "none"], 2),
        (["check", "nowhere.csv"], 2),
    ],
)
def test_the_installed_command_ends_with_the_right_status_and_no_traceback(arguments, status, tmp_path):
    result = bayescov(*arguments)
    assert result.returncode == status
    assert "Traceback" not in result.stdout + result.stderr
    assert result.stderr.strip() if status else result.stdout.strip()
    if "check" in arguments:
        assert "nowhere.csv" in result.stderr
