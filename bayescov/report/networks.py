"""The section on networks: measures of each patient group against the controls, the permutation test beside them, hubs."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from bayescov.report.words import interval_text, listing, share, signed

__all__ = ["NetworkRow", "NetworkTable", "network_meanings", "network_sentences", "network_tables"]

HUBS_NAMED = 4
CLEAR = 0.95


class NetworkRow(NamedTuple):
    """One measure of the whole network in one patient group."""

    measure: str
    control: str
    patient: str
    difference: str
    interval: str
    p_higher: str
    p_permutation: str


class NetworkTable(NamedTuple):
    """The measures of one patient group; `tested` is whether any has a p-value."""

    group: str
    rows: tuple[NetworkRow, ...]
    hubs: str
    tested: bool


def network_tables(networks: xr.Dataset, test: xr.Dataset | None = None) -> list[NetworkTable]:
    """One table a patient group.

    Parameters
    ----------
    networks : xarray.Dataset
        What `bayescov.networks` returned.
    test : xarray.Dataset, optional
        What `bayescov.network_test` returned for the same design, by the same threshold and kind.
    """
    p_values = {} if test is None else _p_values(test)
    tables = []
    for group in networks["population"].to_numpy():
        data = networks.sel(population=group)
        rows = tuple(
            _row(data.isel(measure=k), str(name), p_values.get((str(group), str(name))))
            for k, name in enumerate(data["measure"].to_numpy())
        )
        tables.append(NetworkTable(str(group), rows, _hubs(networks, str(group)), test is not None))
    return tables


def network_meanings(networks: xr.Dataset) -> list[tuple[str, str]]:
    """What each measure is."""
    names = [_spaced(str(m)) for m in networks["measure"].to_numpy()]
    return list(zip(names, map(str, networks["measure_text"].to_numpy()), strict=True))


def network_sentences(networks: xr.Dataset) -> list[str]:
    """One sentence a group: the measures whose direction is clear, or that there is none."""
    lines = []
    control = networks.attrs["control"]
    for group in networks["population"].to_numpy():
        data = networks.sel(population=group)
        clear = []
        for k, name in enumerate(data["measure"].to_numpy()):
            p = float(data["p_higher"][k])
            if p >= CLEAR or p <= 1 - CLEAR:
                cell = data.isel(measure=k)
                interval = interval_text(float(cell["difference_low"]), float(cell["difference_high"]))
                way, sure = ("higher", p) if p >= CLEAR else ("lower", 1 - p)
                clear.append(
                    f"{_spaced(str(name))} {way} ({signed(float(cell['difference']))}, {interval}; P {share(sure)})"
                )
        if clear:
            lines.append(f"Networks, {group} against {control}: {listing(clear)}.")
        else:
            lines.append(
                f"Networks, {group} against {control}: of {data.sizes['measure']} measures none is higher or lower with a "
                f"probability of {CLEAR:g}."
            )
    return lines


def _row(cell: xr.Dataset, name: str, p_value: float | None) -> NetworkRow:
    return NetworkRow(
        measure=_spaced(name),
        control=f"{float(cell['control_mean']):.2f}",
        patient=f"{float(cell['mean']):.2f}",
        difference=signed(float(cell["difference"])),
        interval=interval_text(float(cell["difference_low"]), float(cell["difference_high"])),
        p_higher=share(float(cell["p_higher"])),
        p_permutation="" if p_value is None else f"{p_value:.3f}",
    )


def _hubs(networks: xr.Dataset, group: str) -> str:
    """The regions most probably among the strongest, in controls and in the group."""
    regions = networks["region"].to_numpy()
    parts = []
    for who, name in ((networks.attrs["control"], "p_hub_control"), (group, "p_hub")):
        p = networks[name].sel(population=group).to_numpy()
        best = np.argsort(-p, kind="stable")[:HUBS_NAMED]
        parts.append(f"in {who} {listing([f'{regions[j]} ({share(float(p[j]))})' for j in best])}")
    return (
        f"Probability of being a hub ({networks.attrs['definition_hub']}), the largest: {'; '.join(parts)}."
    )


def _p_values(test: xr.Dataset) -> dict[tuple[str, str], float]:
    return {
        (str(g), str(m)): float(test["p_value"].sel(population=g, measure=m))
        for g in test["population"].to_numpy()
        for m in test["measure"].to_numpy()
    }


def _spaced(name: str) -> str:
    return name.replace("_", " ")
