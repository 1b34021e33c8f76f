"""Outlines of a glass brain: the shadow of the MNI152 brain on three planes, as polygons in millimetres.

The polygons are kept in ``page/brain_outline.json``; ``python -m bayescov.report.outline`` makes the file again from the
template that nilearn ships.
"""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["VIEWS", "make_outlines", "outlines"]

FILE = Path(__file__).parent / "page" / "brain_outline.json"
# View -> the two axes seen (x to the right of the brain, y to the front, z up).
VIEWS = {"sagittal": (1, 2), "coronal": (0, 2), "axial": (0, 1)}
TOLERANCE_MM = 1.0


def outlines() -> dict[str, list[list[float]]]:
    """The polygon of each view, as stored: lists of [horizontal, vertical] in mm."""
    stored: dict[str, list[list[float]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return stored


def make_outlines() -> dict[str, list[list[float]]]:
    """The same, computed from nilearn's MNI152 brain mask."""
    from contourpy import contour_generator
    from nilearn.datasets import load_mni152_brain_mask

    mask = load_mni152_brain_mask(resolution=2)
    inside = np.asarray(mask.dataobj) > 0
    made = {}
    for view, (across, up) in VIEWS.items():
        (hidden,) = {0, 1, 2} - {across, up}
        shadow = np.pad(inside.any(axis=hidden).T.astype(float), 1)
        lines = contour_generator(z=shadow).lines(0.5)
        longest = max((np.asarray(line, dtype=float) for line in lines), key=len) - 1.0
        corner, size = mask.affine[:3, 3], np.diag(mask.affine)[:3]
        mm = longest * size[[across, up]] + corner[[across, up]]
        made[view] = [[round(float(a), 1), round(float(b), 1)] for a, b in _simplified(mm)]
    return made


def _simplified(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Fewer points, none of those left out further than the tolerance from the line (Douglas and Peucker 1973)."""
    if len(points) < 3:
        return points
    start, end = points[0], points[-1]
    along = end - start
    length = float(np.hypot(*along))
    offset = points - start
    across = np.abs(along[0] * offset[:, 1] - along[1] * offset[:, 0])
    distance = across / length if length else np.hypot(offset[:, 0], offset[:, 1])
    furthest = int(distance.argmax())
    if distance[furthest] <= TOLERANCE_MM:
        return np.stack([start, end])
    before, after = _simplified(points[: furthest + 1]), _simplified(points[furthest:])
    return np.vstack([before[:-1], after])


if __name__ == "__main__":
    FILE.write_text(json.dumps(make_outlines(), separators=(",", ":")) + "\n", encoding="utf-8")
