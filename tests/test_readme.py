"""What the README tells a newcomer to type works as written."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bayescov as bc
from bayescov.cli import app

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def with_table(tmp_path, monkeypatch):
    """A folder with the README's `volumes.csv`, as the current one."""
    study = bc.simulate_study(seed=1)
    table = study.volumes.join(study.covariates)
    table.insert(0, "diagnosis", study.group)
    table.to_csv(tmp_path / "volumes.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_for_an_own_table_work(with_table):
    commands = re.findall(r"^    \.venv/bin/bayescov (.+)$", README, flags=re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        quick = (
            ["--model", "separate", "--draws", "100", "--chains", "2"] if command.startswith("fit") else []
        )
        result = CliRunner().invoke(app, [*shlex.split(command), *quick])
        assert result.exit_code == 0, result.output
    written = {p.name for p in (with_table / "results").iterdir()}
    assert written == {"report.html", "connections.csv", "volumes.csv", "fit.zarr"}


def test_the_commands_named_are_those_there_are():
    named = set(re.findall(r"`(?:\.venv/bin/)?bayescov ([a-z-]+)", README))
    named |= set(re.findall(r"^    \.venv/bin/bayescov ([a-z-]+)", README, flags=re.MULTILINE))
    assert named == {command.name or command.callback.__name__ for command in app.registered_commands}


@pytest.mark.parametrize("command", re.findall(r"^\| `bayescov ([^`]+)`", README, flags=re.MULTILINE))
def test_every_option_of_the_further_commands_is_known(command):
    name, *arguments = shlex.split(command)
    options = [a for a in arguments if a.startswith("--")]
    listed = CliRunner().invoke(app, [name, "--help"], terminal_width=200).stdout
    for option in options:
        assert option in listed


def test_the_five_verbs_work(with_table):
    code = re.search(r"```python\n(.+?)```", README, flags=re.DOTALL).group(1)
    quick = code.replace(
        'model="pooled", seed=2023', 'model="separate", seed=2023, draws=100, min_ess=0, progress=False'
    )
    assert quick != code
    exec(quick, {})
    assert (with_table / "report.html").stat().st_size > 10_000


def test_the_models_named_are_those_there_are():
    named = re.findall(r"^\| `(\w+)`", README, flags=re.MULTILINE)
    assert set(named) == set(bc.model_names())


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert link.startswith("http") or (Path(__file__).parent.parent / link).exists(), link


def test_the_naive_rules_false_calls_are_those_of_the_benchmark():
    benchmark = (Path(__file__).parent.parent / "benchmarks" / "README.md").read_text(encoding="utf-8")
    measured = re.search(r"calls (\d+) added and (\d+) missing", benchmark).groups()
    quoted = re.search(r"(\d+) added and (\d+) missing edges of 105", README).groups()
    assert quoted == measured
