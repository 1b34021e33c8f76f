"""What the command line says, and how: results to stdout, failures to stderr as one message with an exit status."""

import functools
import re
from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console

from bayescov.errors import BayescovError

__all__ = ["complain", "console", "in_options", "say", "spoken"]

BAD_INPUT, FAILED, STOPPED = 2, 1, 130


def console(*, stderr: bool = False) -> Console:
    """Made afresh for each use, so that it follows a redirected stream; a pipe gets unwrapped lines."""
    made = Console(stderr=stderr, highlight=False, markup=False)
    made.soft_wrap = not made.is_terminal
    return made


def say(text: str = "", *, style: str | None = None) -> None:
    """One paragraph to stdout. Names from files are printed as they are, never read as markup."""
    console().print(text, style=style)


# Arguments of the Python functions that are options here under the same name.
_ARGUMENT = re.compile(
    r"(?<![\w'\"=./-])(certainty|chains|changed|control|covariates|draws|effect|engine|exclude|fdr|folds|group|hubs|id|jobs|kind|margin|model|"
    r"participants|refits|regions|repeats|seed|site|studies|threshold|transform|truths?|unit|visit)=(?=(['\"\d])|[\s.,;:)]|$)"
)


# A tuple or list of names, which the command line separates by commas.
_NAMES = re.compile(r"(?<![\w'\"=./-])(between|regions)=[(\[]((?:'[^']*'(?:, ?)?)*)[)\]]")


def in_options(text: str) -> str:
    """A sentence written for Python as the command line would have it.

    Examples
    --------
    >>> from bayescov.cli.speaking import in_options
    >>> in_options("exclude= leaves people out; choose with visit='first'")
    "--exclude leaves people out; choose with --visit 'first'"
    >>> in_options("between=('MS', 'NMSOD') must name")
    '--between MS,NMSOD must name'
    """
    text = _NAMES.sub(lambda found: f"--{found[1]} {','.join(re.findall(r"'([^']*)'", found[2]))}", text)
    return _ARGUMENT.sub(lambda found: f"--{found[1]} " if found[2] else f"--{found[1]}", text)


def complain(text: str) -> None:
    """One message to stderr."""
    console(stderr=True).print(text, style="bold red")


def spoken(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what a command raises into one message: status 2 for what the user can mend, 1 for the rest.

    With the command's ``debug`` option, errors pass with their traceback.
    """

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except typer.Exit:
            raise
        except BayescovError as error:
            if options.get("debug"):
                raise
            complain(in_options(str(error)))
            raise typer.Exit(BAD_INPUT) from error
        except KeyboardInterrupt as error:
            complain("stopped")
            raise typer.Exit(STOPPED) from error
        except Exception as error:
            if options.get("debug"):
                raise
            complain(f"bayescov stopped on an unexpected error ({in_short(error)}). {HOW_TO_SEE}")
            raise typer.Exit(FAILED) from error

    return run


HOW_TO_SEE = "Run the same command with --debug to see where, and please report it."


def in_short(error: BaseException) -> str:
    """Kind and first line of an error."""
    first = (str(error).strip().splitlines() or ["no message"])[0]
    return f"{type(error).__name__}: {first}"
