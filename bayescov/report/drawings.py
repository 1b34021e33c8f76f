"""Small pictures for the page as SVG text: matrices whose colours follow the page's theme."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape

__all__ = ["LABELLED_AT_MOST", "changes_svg", "matrix_svg"]

# Correlations are drawn in steps of a twentieth: classes r-20 ... r20 of the style sheet.
STEPS = 20
LABELLED_AT_MOST = 40


def matrix_svg(matrix: npt.NDArray[np.float64], regions: Sequence[str], *, title: str) -> Markup:
    """A correlation matrix: one path for each step of colour, so that 68 regions stay small."""
    p = len(regions)
    paths = []
    steps = np.clip(np.round(matrix * STEPS), -STEPS, STEPS).astype(int)
    np.fill_diagonal(steps, STEPS + 1)
    for step in np.unique(steps):
        cells = "".join(f"M{j} {i}h1v1h-1z" for i, j in np.argwhere(steps == step))
        name = "r-self" if step > STEPS else f"r{step}"
        paths.append(f'<path class="{name}" d="{cells}"/>')
    return _square(p, regions, "".join(paths), title)


def changes_svg(
    p_added: npt.NDArray[np.float64],
    p_missing: npt.NDArray[np.float64],
    verdict: Sequence[str],
    regions: Sequence[str],
    *,
    title: str,
) -> Markup:
    """Probabilities of added (upper triangle) and missing (lower triangle); squares grow with the probability.

    Connections called changed carry a ring of their own, so colour is never the only sign.
    """
    p = len(regions)
    rows, columns = np.triu_indices(p, 1)
    marks = []
    for e, (i, j) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        for name, value, x, y in (("added", p_added[e], j, i), ("missing", p_missing[e], i, j)):
            if value < 0.05:
                continue
            side = 0.92 * float(np.sqrt(value))
            called, title_of = "", ""
            if verdict[e] == name:
                called = " called"
                title_of = f"<title>{escape(f'{regions[i]} – {regions[j]}: {name}, P {value:.2f}')}</title>"
            marks.append(
                f'<rect class="{name}{called}" x="{x + 0.5 - side / 2:.2f}" y="{y + 0.5 - side / 2:.2f}" '
                f'width="{side:.2f}" height="{side:.2f}" opacity="{0.25 + 0.75 * value:.2f}">{title_of}</rect>'
            )
    frame = f'<path class="grid" d="M0 0h{p}v{p}h-{p}zM0 0L{p} {p}"/>'
    return _square(p, regions, frame + "".join(marks), title)


def _square(p: int, regions: Sequence[str], inside: str, title: str) -> Markup:
    """Labels at the left and, turned, at the top, around a drawing of p by p units."""
    labelled = p <= LABELLED_AT_MOST
    longest = max(len(str(r)) for r in regions)
    size = 0.62 if p <= 20 else 0.8
    margin = size * 0.58 * longest + 0.5 if labelled else 0.2
    labels = ""
    if labelled:
        for k, region in enumerate(regions):
            name = escape(str(region))
            labels += f'<text x="-0.3" y="{k + 0.5 + size * 0.35:.2f}" text-anchor="end">{name}</text>'
            labels += (
                f'<text transform="translate({k + 0.5 + size * 0.35:.2f} -0.3) rotate(-90)">{name}</text>'
            )
    box = f"{-margin:.2f} {-margin:.2f} {p + margin + 0.2:.2f} {p + margin + 0.2:.2f}"
    return Markup(
        f'<svg class="matrix" viewBox="{box}" role="img" aria-label="{escape(title)}" font-size="{size}">'
        f"{labels}{inside}</svg>"
    )
