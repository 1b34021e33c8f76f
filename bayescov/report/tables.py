"""Rows of the page's tables: numbers already put into words, names left for the template to escape."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from bayescov.report.words import interval_text, share, signed

__all__ = ["ConnectionRow", "VolumeRow", "VolumeTable", "connection_rows", "volume_tables"]

STRONGEST = 15


class VolumeRow(NamedTuple):
    """One region; `at`, `low` and `high` are positions on the axis in percent of its width."""

    region: str
    at: float
    low: float
    high: float
    sd: str
    sd_interval: str
    percent: str
    percent_interval: str
    p_smaller: str
    p_differs: str
    verdict: str


class VolumeTable(NamedTuple):
    """One patient group; `ticks` are (position in percent, label) of the axis, `zero` the position of no difference."""

    group: str
    control: str
    rows: tuple[VolumeRow, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float


def volume_tables(volumes: xr.Dataset) -> list[VolumeTable]:
    """One table a patient group, all on the same axis of control SDs."""
    low, high = volumes["difference_sd_low"].values, volumes["difference_sd_high"].values
    focal = "p_differs" in volumes
    bottom, top, ticks = _axis(float(low.min()), float(high.max()))

    def position(value: float) -> float:
        return round(100 * (value - bottom) / (top - bottom), 2)

    tables = []
    for group in volumes["population"].values:
        data = volumes.sel(population=group)
        rows = []
        for j, region in enumerate(data["region"].values):
            sd, sd_low, sd_high = (float(data[f"difference_sd{e}"].values[j]) for e in ("", "_low", "_high"))
            pc, pc_low, pc_high = (
                float(data[f"difference_percent{e}"].values[j]) for e in ("", "_low", "_high")
            )
            rows.append(
                VolumeRow(
                    region=str(region),
                    at=position(sd),
                    low=position(sd_low),
                    high=position(sd_high),
                    sd=signed(sd),
                    sd_interval=interval_text(sd_low, sd_high),
                    percent=f"{signed(pc, 1)} %",
                    percent_interval=interval_text(pc_low, pc_high, 1),
                    p_smaller=share(float(data["p_smaller"].values[j])),
                    p_differs=share(float(data["p_differs"].values[j])) if focal else "",
                    verdict=str(data["verdict"].values[j]),
                )
            )
        digits = 1 if all(t * 2 == round(t * 2) for t in ticks) else 2
        marks = tuple((position(t), signed(t, digits)) for t in ticks)
        tables.append(VolumeTable(str(group), volumes.attrs["control"], tuple(rows), marks, position(0.0)))
    return tables


def _axis(low: float, high: float) -> tuple[float, float, list[float]]:
    """Ends and at most five round ticks of an axis that contains zero: the column has no room for more."""
    low, high = min(low, -0.25), max(high, 0.25)
    steps = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, high - low)
    step = next(s for s in steps if np.ceil(high / s) - np.floor(low / s) <= 4)
    bottom, top = np.floor(low / step) * step, np.ceil(high / step) * step
    return float(bottom), float(top), [float(t) for t in np.arange(bottom, top + step / 2, step)]


class ConnectionRow(NamedTuple):
    """One connection in one patient group."""

    group: str
    region_a: str
    region_b: str
    control_mean: str
    mean: str
    difference: str
    difference_interval: str
    p_added: str
    p_missing: str
    p_reversed: str
    verdict: str


def connection_rows(connections: xr.Dataset) -> list[ConnectionRow]:
    """Of each group every connection called changed, and the most probable changes up to fifteen."""
    rows = []
    for group in connections["population"].values:
        data = connections.sel(population=group)
        chance = np.max([data[f"p_{k}"].values for k in ("added", "missing", "reversed")], axis=0)
        called = np.isin(data["verdict"].values.astype(str), ["added", "missing", "reversed"])
        order = np.lexsort((-chance, ~called))
        for e in order[: max(STRONGEST, int(called.sum()))]:
            cell = data.isel(edge=int(e))
            rows.append(
                ConnectionRow(
                    group=str(group),
                    region_a=str(cell["region_a"].item()),
                    region_b=str(cell["region_b"].item()),
                    control_mean=signed(float(cell["control_mean"])),
                    mean=signed(float(cell["mean"])),
                    difference=signed(float(cell["difference"])),
                    difference_interval=interval_text(
                        float(cell["difference_low"]), float(cell["difference_high"])
                    ),
                    p_added=share(float(cell["p_added"])),
                    p_missing=share(float(cell["p_missing"])),
                    p_reversed=share(float(cell["p_reversed"])),
                    verdict=str(cell["verdict"].item()),
                )
            )
    return rows
