"""The command line: parses, calls, prints."""

from bayescov.cli import calibrating, planning, predicting, questions  # these add their commands to the app
from bayescov.cli.app import app

__all__ = ["app", "calibrating", "main", "planning", "predicting", "questions"]


def main() -> None:
    """Run ``bayescov``."""
    app()
