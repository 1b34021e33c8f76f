"""Tables and findings on the terminal."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bayescov.cli.speaking import console, in_options, say
from bayescov.errors import AnswerError

if TYPE_CHECKING:
    from bayescov.cohort import CheckResult

__all__ = ["show_checks", "show_models", "show_points", "within_limits"]

MARKS = {True: ("fine", "green"), False: ("look", "bold yellow"), None: ("open", "yellow")}


def show_checks(checks: "Sequence[CheckResult]") -> None:
    """One paragraph a check; what the reader must know stands out."""
    for check in checks:
        mark, style = MARKS[check.passed]
        console().print(Text(f"{mark}  ", style=style) + Text(in_options(check.text)))


def show_points(title: str, sentences: Sequence[str]) -> None:
    """A heading and one point a sentence."""
    say()
    say(title, style="bold")
    for sentence in sentences:
        say(f"- {in_options(sentence)}")


def within_limits[Answer](what: str, ask: Callable[[], Answer]) -> Answer | None:
    """The answer to one question among several; where it cannot be had of this study, a sentence that says why.

    That is no failure: nobody can mend the method, and the other answers stand.
    """
    from bayescov.cohort import CheckResult

    try:
        return ask()
    except AnswerError as limit:
        show_checks([CheckResult(what, None, f"Without {what}: {limit}.")])
        return None


def show_models() -> None:
    """Name and summary of every packaged model."""
    from bayescov.model import load_model, model_names

    table = Table("model", "what it says", box=None, pad_edge=False)
    for name in model_names():
        table.add_row(name, Text(load_model(name).summary))
    console().print(table)
    say("Give a name, or the path of a TOML file of your own, to --model.")
