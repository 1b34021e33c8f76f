"""What the figures share: colours for any colour vision, markers, checks of the answers they are given."""

from typing import TYPE_CHECKING, Any

import xarray as xr

from bayescov.errors import AnswerError, nearest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "DASHES", "MARKERS", "axis", "group_of", "plain", "require_answers"]

# Blue against vermilion, never red against green; every colour comes with a marker or a dash of its own.
COLOURS = {
    "added": "#00619e", "larger": "#00619e", "missing": "#c04f00", "smaller": "#c04f00",
    "reversed": "#7d3c98", "unchanged": "#3d6b21", "undecided": "#6b7280",
}  # fmt: skip
MARKERS = {"smaller": "s", "larger": "D", "unchanged": "v", "undecided": "o"}
DASHES: dict[str, Any] = {"added": "solid", "missing": (0, (3, 1.5)), "reversed": (0, (1, 1.5))}


def axis(ax: "Axes | None", *, size: tuple[float, float], projection: str | None = None) -> "Axes":
    """The axis given, or one of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, made = plt.subplots(figsize=size, layout="constrained", subplot_kw={"projection": projection})
    return made


def plain(ax: "Axes") -> "Axes":
    """The axis, with every text taken as it is: a region may be called ``a$b$``."""
    from matplotlib.text import Text

    for text in ax.findobj(Text):
        text.set_parse_math(False)
    return ax


def require_answers(answers: Any, question: str) -> xr.Dataset:
    """The answers themselves, if they are those of this question."""
    if not isinstance(answers, xr.Dataset) or answers.attrs.get("question") != question:
        raise AnswerError(
            f"this figure needs what {question}(fit) returned, but got {type(answers).__name__}; "
            f"try {question}(fit) first"
        )
    return answers


def group_of(answers: xr.Dataset, population: str | None) -> str:
    """The patient group wanted; the first where none is named."""
    known = [str(g) for g in answers["population"].to_numpy()]
    if population is None:
        return known[0]
    if population not in known:
        raise AnswerError(
            f"there is no patient group {population!r}{nearest(population, known)} (groups: {', '.join(known)})"
        )
    return population
