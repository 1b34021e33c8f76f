"""How strongly the numbers of added and missing connections hang on each prior and on the likelihood: ArviZ's diagnostic."""

import warnings

import numpy as np
import numpy.typing as npt
import xarray as xr

__all__ = ["QUANTITIES", "power_scaling"]

Floats = npt.NDArray[np.float64]

QUANTITIES = ("added", "missing", "difference")
POWERS = (0.99, 1.01)


def power_scaling(
    numbers: Floats, priors: dict[str, Floats], likelihood: Floats, *, chains: int
) -> tuple[list[str], Floats]:
    """Names of the parts, and (part, quantity, population): how far each part moves each posterior.

    Parameters
    ----------
    numbers : ndarray
        (2, population, draw): numbers of added and of missing connections.
    priors : dict of str to ndarray
        (draw,): log densities by name. Those that do not vary, or are not finite, are left out.
    likelihood : ndarray
        (draw,): log likelihood of all people.
    chains : int
        The draws are those of so many chains, one after another.

    Returns
    -------
    parts : list of str
        The priors' names, and ``"likelihood"``.
    values : ndarray
        Change of the cumulative Jensen-Shannon distance as the part is raised to a power near 1, of each of `QUANTITIES`
        (``difference`` is added minus missing). Above 0.05 the posterior moves with the part.

    References
    ----------
    Kallioinen, N. et al. (2024). Detecting and diagnosing prior and likelihood sensitivity with power-scaling.
    Statistics and Computing 34.
    """
    import arviz as az

    used = {name: d for name, d in priors.items() if np.isfinite(d).all() and np.ptp(d) > 0}
    quantities = np.concatenate([numbers, (numbers[0] - numbers[1])[None]])

    def by_chain(values: Floats) -> xr.DataArray:
        shaped = values.reshape(chains, -1, *values.shape[1:])
        return xr.DataArray(shaped, dims=("chain", "draw", "quantity", "population")[: shaped.ndim])

    tree = xr.DataTree.from_dict(
        {
            "posterior": by_chain(np.moveaxis(quantities, -1, 0)).rename("numbers").to_dataset(),
            "log_prior": xr.Dataset({name: by_chain(density) for name, density in used.items()}),
            "log_likelihood": xr.Dataset({"y": by_chain(likelihood)}),
        }
    )
    parts = {**used, "likelihood": likelihood}
    values = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a quantity that never varies has no distribution to move
        for name, density in parts.items():
            which = "likelihood" if name == "likelihood" else "prior"
            try:
                found = az.psense(tree, group=which, group_var_names=None if name == "likelihood" else [name])
            except (
                ValueError
            ):  # many draws of one density (a coupling of zero): a tail that cannot be smoothed
                found = _unsmoothed(tree["posterior"].to_dataset(), by_chain(density))
            values.append(found["numbers"].transpose("quantity", "population").to_numpy())
    still = np.ptp(quantities, axis=-1) == 0
    return list(parts), np.where(still, 0.0, np.array(values))


def _unsmoothed(posterior: xr.Dataset, density: xr.DataArray) -> xr.Dataset:
    """The same diagnostic with weights as they are; so near a power of 1 none of them is large."""
    weights = []
    for power in POWERS:
        raw = np.exp((power - 1.0) * (density - density.mean()))
        weights.append(raw / raw.sum())
    sense = posterior.azstats.power_scale_sense
    return sense(lower_w=weights[0], upper_w=weights[1], lower_alpha=POWERS[0], upper_alpha=POWERS[1])
