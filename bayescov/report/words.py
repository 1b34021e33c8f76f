"""Numbers as a reader wants them in a sentence: probabilities, intervals, signed percentages, lists."""

import math
from collections.abc import Sequence

__all__ = ["MINUS", "interval_text", "listing", "plural", "probability", "share", "signed"]

MINUS = "−"


def probability(value: float, *, n_draws: int | None = None) -> str:
    """A probability to two digits, never a false 0 or 1.

    With `n_draws`, a probability that the draws cannot tell from 0 or 1 is said as a bound.

    Examples
    --------
    >>> from bayescov.report.words import probability
    >>> probability(0.968), probability(1.0), probability(0.0004)
    ('0.97', 'more than 0.99', 'less than 0.01')
    """
    if not 0.0 <= value <= 1.0:
        return "unknown"
    # With 50 draws "all of them" supports no more than 0.98.
    floor = 0.01 if n_draws is None else max(0.01, 1.0 / max(n_draws, 1))
    digits = 2 if floor <= 0.01 else 1 if floor >= 0.1 else 2
    if value < floor:
        return f"less than {floor:.{digits}f}"
    if value > 1.0 - floor:
        return f"more than {1.0 - floor:.{digits}f}"
    return f"{value:.2f}"


def share(value: float) -> str:
    """A probability for a table cell: ``.97``-style two digits with ``<``/``>`` at the ends."""
    if not 0.0 <= value <= 1.0:
        return "–"
    if value < 0.005:
        return "<0.01"
    if value > 0.995:
        return ">0.99"
    return f"{value:.2f}"


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, a true minus, and no ``−0.00``.

    Examples
    --------
    >>> from bayescov.report.words import signed
    >>> signed(-1.234), signed(0.001), signed(2.5, 1)
    ('−1.23', '0.00', '+2.5')
    """
    if math.isnan(value):
        return "–"
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0.0:
        return text
    return f"{MINUS if value < 0 else '+'}{text}"


def interval_text(low: float, high: float, digits: int = 2) -> str:
    """Two signed numbers: ``−0.9 to +0.1``."""
    return f"{signed(low, digits)} to {signed(high, digits)}"


def plural(count: float, one: str, many: str | None = None) -> str:
    """A count with its noun.

    Examples
    --------
    >>> from bayescov.report.words import plural
    >>> plural(1, "region"), plural(3, "region"), plural(0, "person", "people")
    ('1 region', '3 regions', '0 people')
    """
    number = f"{count:g}"
    return f"{number} {one if number == '1' else (many or one + 's')}"


def listing(items: Sequence[str], *, most: int | None = None) -> str:
    """Names joined by commas and "and"; with `most`, the rest are counted.

    Examples
    --------
    >>> from bayescov.report.words import listing
    >>> listing(["a", "b", "c"]), listing(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a, b and 2 more')
    """
    names = list(items)
    if most is not None and len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
