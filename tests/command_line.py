"""The command line as the tests call it, and a table as a person would have it."""

from pathlib import Path

from typer.testing import CliRunner

import bayescov as bc
from bayescov.cli import app


def run(*arguments: object):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def write_study(folder: Path) -> Path:
    """The packaged study as one CSV file."""
    path = folder / "study.csv"
    cohort = bc.simulate_study(seed=5)
    frame = cohort.volumes.join(cohort.covariates)
    frame.insert(0, "diagnosis", cohort.group)
    frame.to_csv(path)
    return path
