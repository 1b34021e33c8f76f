"""The command line: parses, calls, prints."""

from bayescov.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """Run ``bayescov``."""
    app()
