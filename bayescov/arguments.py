"""Checks of arguments that every room shares: whole numbers, seeds, and work done at the same time."""

import operator
from typing import Any

from bayescov.errors import AnswerError, BayescovError

__all__ = ["require_count", "require_jobs", "require_seed"]


def require_count(
    name: str, value: Any, *, least: int, most: int | None = None, error: type[BayescovError] = AnswerError
) -> int:
    """The value as an int, or a sentence."""
    try:
        count = operator.index(value)
    except TypeError:
        count = least - 1
    if count < least or (most is not None and count > most) or isinstance(value, bool):
        bounds = f"of at least {least}" if most is None else f"between {least} and {most}"
        raise error(f"{name}={value!r} must be a whole number {bounds}")
    return count


def require_seed(value: Any, *, error: type[BayescovError] = AnswerError) -> int:
    """The seed as an int: numpy's seeds start at 0."""
    return require_count("seed", value, least=0, error=error)


def require_jobs(value: Any, *, name: str = "jobs") -> int:
    """How many processes or threads work at the same time, as joblib counts them: -1 is all cores, -2 all but one."""
    try:
        jobs = operator.index(value)
    except TypeError:
        jobs = 0
    if jobs == 0 or isinstance(value, bool):
        raise AnswerError(f"{name}={value!r} must be a whole number of at least 1, or -1 for all cores")
    return jobs
