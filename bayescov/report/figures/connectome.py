"""Changed connections in a glass brain, at the regions' centres in MNI space."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayescov.design.edges import edge_pairs
from bayescov.errors import AnswerError
from bayescov.report.figures.connections import regions_of
from bayescov.report.figures.shared import COLOURS, group_of, require_answers
from bayescov.report.layout import places

if TYPE_CHECKING:
    from nilearn.plotting.displays import OrthoProjector

__all__ = ["plot_connectome"]


def plot_connectome(
    connections: xr.Dataset,
    *,
    population: str | None = None,
    probability: float = 0.5,
    display_mode: str = "ortho",
    **options: Any,
) -> "OrthoProjector":
    """Draw the changed connections of a patient group in nilearn's glass brain.

    Parameters
    ----------
    connections : xarray.Dataset
        What `bayescov.connections` returned.
    population : str, optional
        Patient group; by default the first.
    probability : float
        Smallest probability of being added or missing that is drawn. Added connections are blue, missing ones
        vermilion; the colour is as strong as the connection is probable. Where none is so probable the brain is empty, and
        the title says so.
    display_mode : str
        As in `nilearn.plotting.plot_connectome`, for instance ``"ortho"``, ``"lzry"``.
    **options
        Passed on to `nilearn.plotting.plot_connectome`, for instance ``output_file="brain.pdf"``.

    Returns
    -------
    nilearn display
        With ``savefig`` and ``close``; its figure is ``display.frame_axes.figure``.

    Raises
    ------
    AnswerError
        If these are other answers, there is no such group, or no region has a known place.

    Notes
    -----
    Regions without a known centre are left out and named in the title. Works without network: nilearn ships what it
    draws.

    Examples
    --------
    >>> import bayescov as bc
    >>> fit = bc.fit(bc.prepare(bc.simulate_study("ms-nmosd", seed=1)), model="separate", seed=1, progress=False)
    >>> bc.plot_connectome(bc.connections(fit), population="MS").savefig("brain.pdf")  # doctest: +SKIP
    """
    require_answers(connections, "connections")
    group = group_of(connections, population)
    regions = regions_of(connections)
    centres = [place.mni for place in places(regions)]
    known = [k for k, centre in enumerate(centres) if centre is not None]
    if len(known) < 2:
        raise AnswerError(
            f"no place in the brain is known for these regions ({', '.join(regions[:3])}, ...); "
            "use plot_connections, which needs none"
        )
    from matplotlib.colors import LinearSegmentedColormap
    from nilearn.plotting import plot_connectome as draw

    strength = _signed(connections.sel(population=group), len(regions), probability)[np.ix_(known, known)]
    colours = LinearSegmentedColormap.from_list("changes", [COLOURS["missing"], "#e9e4df", COLOURS["added"]])
    drawn = bool(strength.any())
    unknown = [regions[k] for k in range(len(regions)) if k not in known]
    title = f"{group} against {connections.attrs['control']}"
    title += f" (without {', '.join(unknown)})" if unknown else ""
    title += "" if drawn else f": nothing added or missing with a probability of {probability:g} or more"
    settings: dict[str, Any] = {
        "node_color": "black",
        "node_size": 12,
        "edge_cmap": colours,
        "edge_vmin": -1.0,
        "edge_vmax": 1.0,
        "title": title.replace("$", r"\$"),
        "display_mode": display_mode,
    }
    # nilearn takes the colour bar's scale from the connections it drew, and fails where there are none.
    bar = {} if drawn else {"colorbar": False}
    return draw(strength, np.array([centres[k] for k in known]), **{**settings, **options, **bar})


def _signed(row: xr.Dataset, n_regions: int, probability: float) -> np.ndarray:
    """Symmetric matrix: P(added), or minus P(missing), where the larger of them is large enough; else zero."""
    added, missing = row["p_added"].values, row["p_missing"].values
    value = np.where(added >= missing, added, -missing)
    value = np.where(np.abs(value) >= probability, value, 0.0)
    matrix = np.zeros((n_regions, n_regions))
    rows, columns = edge_pairs(n_regions)
    matrix[rows, columns] = matrix[columns, rows] = value
    return matrix
