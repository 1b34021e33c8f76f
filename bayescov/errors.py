"""The one family of errors: each message is a sentence for the person who has the table."""

from collections.abc import Sequence

__all__ = ["AnswerError", "BayescovError", "DesignError", "FitError", "ModelError", "TableError"]


class BayescovError(ValueError):
    """Something the user can mend: the message says what is wrong, where, and what to do."""


class TableError(BayescovError):
    """A table cannot be used. Lists every problem found, not only the first.

    Attributes
    ----------
    problems : tuple of str
        One sentence a problem.
    """

    def __init__(self, problems: str | Sequence[str], *, source: str = "the table") -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        self.source = source
        if len(self.problems) == 1:
            message = f"{source}: {self.problems[0]}"
        else:
            lines = "\n".join(f"  {i}. {text}" for i, text in enumerate(self.problems, 1))
            message = f"{source} cannot be used; {len(self.problems)} problems were found:\n{lines}"
        super().__init__(message)


class DesignError(BayescovError):
    """The formula, the covariates or the sites do not give a usable design."""


class ModelError(BayescovError):
    """A model file or a setting of a model is not valid."""


class FitError(BayescovError):
    """The sampler was asked for something it cannot do, or a stored fit cannot be read."""


class AnswerError(BayescovError):
    """A question was put to a fit that it cannot answer."""


def nearest(word: str, known: Sequence[str]) -> str:
    """Say which of the `known` words the writer may have meant: ``"; did you mean 'x'?"`` or ``""``."""
    import difflib

    lowered = {k.lower(): k for k in known}
    match = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return f"; did you mean {lowered[match[0]]!r}?" if match else ""
