"""Named truths: how the correlations of a control and two patient groups may differ, to judge a method against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayescov.cohort.table import Cohort
from bayescov.design.edges import edge_coordinates, edge_pairs, to_edges
from bayescov.errors import BayescovError, nearest
from bayescov.simulate.correlations import healthy_correlation, jitter, nearest_correlation, packaged_table

__all__ = ["TRUTHS", "Truth", "check_truth_name", "planted_truth", "simulate_cohort", "truth", "truth_names"]

Floats = npt.NDArray[np.float64]
POPULATIONS = ("HC", "MS", "NMOSD")
CONTROL, FIRST, SECOND = 0, 1, 2


@dataclass(frozen=True)
class Truth:
    """A distribution of log volumes for each population, the control first.

    A person of population g has log volumes ``mean[g] + severity * loading[g] + noise``: severity ~ Exponential(1),
    one number a person; noise is normal, or multivariate t with `dof` degrees of freedom.

    Attributes
    ----------
    name : str
    populations, regions : tuple of str
    mean : numpy.ndarray
        (population, region): mean of the log volumes, severity included.
    correlation : numpy.ndarray
        (population, region, region): exact correlations of the log volumes, severity included.
    sd : numpy.ndarray
        (population, region): exact standard deviations of the log volumes, severity included.
    loading : numpy.ndarray
        (population, region): change of log volume per unit of severity; zero where there is no severity.
    dof : float
        Degrees of freedom of the noise; ``inf`` for the normal.
    """

    name: str
    populations: tuple[str, ...]
    regions: tuple[str, ...]
    mean: Floats
    correlation: Floats
    sd: Floats
    loading: Floats
    dof: float = float("inf")

    @property
    def covariance(self) -> Floats:
        """(population, region, region): exact covariances of the log volumes."""
        return self.correlation * self.sd[:, :, None] * self.sd[:, None, :]

    @property
    def edges(self) -> Floats:
        """(population, edge): the correlations, in the order of `bayescov.design.edge_pairs`."""
        return to_edges(self.correlation)

    def to_dataset(self) -> xr.Dataset:
        """The truth with labels, as it is kept in ``Cohort.truth``."""
        percent = 100.0 * np.expm1(self.mean - self.mean[CONTROL])
        by_region = ("population", "region")
        return xr.Dataset(
            {
                "correlation": (("population", "edge"), self.edges),
                "mean": (by_region, self.mean),
                "sd": (by_region, self.sd),
                "loading": (by_region, self.loading),
                "difference_percent": (by_region, percent),
                "dof": ((), self.dof),
            },
            {
                "population": np.array(self.populations, object),
                "region": np.array(self.regions, object),
                **edge_coordinates(self.regions),
            },
            {"name": self.name, "scale": "natural logarithm of mm3"},
        )


def truth(name: str, *, p: int = 14, rng: np.random.Generator) -> Truth:
    """Draw one truth of a named kind.

    All kinds start from the healthy correlations R_0 (14 regions; copies of them for more), jittered afresh, and
    end in correlation matrices (of the noise) whose eigenvalues are at least .05. "MS" and "NMOSD" stand for the first
    and second patient group; MS is smaller than controls by the packaged study's effects, in every kind.

    ============== ==================================================================================
    null           both R_0
    sparse         MS: 8 random edges (homologues excluded) raised by .45; NMOSD: 8 others lowered by .45
    half           MS: R_0; NMOSD: 20 random edges lowered by .4
    dense          every group, controls too: the sample correlation of 40 draws from Normal(0, R_0)
    variance_only  both R_0; the patients' standard deviations times 1.5 in half of the regions
    heavy_tails    both R_0; multivariate t with 5 degrees of freedom
    severity       R_0 plus one factor: a person's severity, Exponential(1), shrinks regions in proportion to loadings
                   of .3-.9 control SDs (MS) and 0-.4 (NMOSD)
    noise          MS: as R_0, but a fifth of every variance is noise of its own (correlations times .8); NMOSD: R_0
    hub            MS: R_0; NMOSD: one region uncoupled from all others
    mirrored       controls: six pairs of structures coupled by .25 more on the left and .25 less on the right; MS:
                   hemispheres exchanged; NMOSD: as controls
    few            MS: 3 random edges (homologues excluded) raised by .5; NMOSD: R_0
    many_small     MS and NMOSD alike: half of the edges (homologues excluded) lowered by .15
    one_dense      MS: the sample correlation of 40 draws from Normal(0, R_0); NMOSD: R_0
    ============== ==================================================================================

    Parameters
    ----------
    name : str
    p : int
        Number of regions, at least 4.
    rng : numpy.random.Generator

    Returns
    -------
    Truth

    Raises
    ------
    BayescovError
        If there is no such kind, or too few regions.

    Examples
    --------
    >>> import numpy as np
    >>> from bayescov.simulate import truth
    >>> truth("sparse", p=14, rng=np.random.default_rng(1)).correlation.shape
    (3, 14, 14)
    """
    check_truth_name(name)
    if p < 4:
        raise BayescovError(f"a truth needs at least 4 regions, got p = {p}")
    healthy, regions = healthy_correlation(p)
    base = jitter(healthy, rng)
    mean, sd = _means_and_spreads(regions)
    plain = Truth(
        name=name,
        populations=POPULATIONS,
        regions=regions,
        mean=mean,
        correlation=np.array([base] * len(POPULATIONS)),
        sd=sd,
        loading=np.zeros_like(sd),
    )
    return TRUTHS[name](plain, rng)


def planted_truth(*, p: int, effect: float, changed: int, rng: np.random.Generator) -> Truth:
    """A truth of chosen size: `changed` random correlations raised by `effect` in MS, as many others lowered in NMOSD.

    With 14 regions, an effect of .45 and 8 changes this is the truth ``"sparse"``.
    """
    plain = truth("null", p=p, rng=rng)
    edges = _random_edges(plain.regions, 2 * changed, rng)
    half = len(edges) // 2
    return replace(
        _with(plain, {FIRST: (edges[:half], effect), SECOND: (edges[half:], -effect)}), name="planted"
    )


def truth_names() -> tuple[str, ...]:
    """The named truths."""
    return tuple(TRUTHS)


def check_truth_name(name: str) -> None:
    """Raise a BayescovError where there is no such truth."""
    if name not in TRUTHS:
        raise BayescovError(
            f"there is no truth {name!r}{nearest(name, truth_names())} (truths: {', '.join(truth_names())})"
        )


def simulate_cohort(truth: Truth, sizes: Sequence[int] = (34, 40, 35), *, rng: np.random.Generator) -> Cohort:
    """Draw people from a truth.

    Parameters
    ----------
    truth : Truth
    sizes : sequence of int
        People in each population, in the order of ``truth.populations``.
    rng : numpy.random.Generator

    Returns
    -------
    Cohort
        Volumes in mm3, no covariates, and the truth as a Dataset in ``Cohort.truth``.

    Raises
    ------
    BayescovError
        If `sizes` does not name one number for each population.
    """
    if len(sizes) != len(truth.populations) or min(sizes) < 0:
        raise BayescovError(
            f"sizes={tuple(sizes)!r} must be one number of people for each of {', '.join(truth.populations)}"
        )
    codes = np.repeat(np.arange(len(sizes)), sizes)
    loading = truth.loading[codes]
    severity = rng.exponential(1.0, len(codes))
    noise_covariance = truth.covariance - truth.loading[:, :, None] * truth.loading[:, None, :]
    factors = np.linalg.cholesky(noise_covariance)
    noise = np.einsum("nij,nj->ni", factors[codes], rng.standard_normal(loading.shape))
    if np.isfinite(truth.dof):
        # scaled so that the noise keeps its covariance: a t of dof degrees has variance dof / (dof - 2)
        mixing = rng.chisquare(truth.dof, len(codes)) / (truth.dof - 2.0)
        noise /= np.sqrt(mixing)[:, None]
    log_volume = truth.mean[codes] + (severity - 1.0)[:, None] * loading + noise
    volumes = pd.DataFrame(
        np.exp(log_volume),
        index=[f"sub-{i:04d}" for i in range(1, len(codes) + 1)],
        columns=list(truth.regions),
    )
    return Cohort.from_frames(
        volumes,
        [truth.populations[c] for c in codes],
        control=truth.populations[CONTROL],
        attrs={"source": f"simulated truth {truth.name!r}", "tool": "simulation", "unit": "mm3"},
        truth=truth.to_dataset(),
    )


def _means_and_spreads(regions: tuple[str, ...]) -> tuple[Floats, Floats]:
    """(population, region): the packaged study's means and the controls' SDs, for any copy of its regions."""
    healthy = packaged_table("healthy_regions").set_index("region")
    effects = packaged_table("volume_effects").set_index(["population", "structure"])["difference_percent"]
    base = ["-".join(part for part in r.split("-") if not part.isdigit()) for r in regions]
    mean = np.tile(np.log(healthy.loc[base, "mean_mm3"].to_numpy()), (len(POPULATIONS), 1))
    for g in (FIRST, SECOND):
        structures = [b.split("-", 1)[1] for b in base]
        mean[g] += np.log1p(effects.loc[POPULATIONS[g]].loc[structures].to_numpy() / 100)
    return mean, np.tile(healthy.loc[base, "sd_log"].to_numpy(), (len(POPULATIONS), 1))


def _null(plain: Truth, rng: np.random.Generator) -> Truth:
    return plain


def _sparse(plain: Truth, rng: np.random.Generator) -> Truth:
    edges = _random_edges(plain.regions, 16, rng)
    half = len(edges) // 2
    return _with(plain, {FIRST: (edges[:half], 0.45), SECOND: (edges[half:], -0.45)})


def _half(plain: Truth, rng: np.random.Generator) -> Truth:
    return _with(plain, {SECOND: (_random_edges(plain.regions, 20, rng), -0.4)})


def _dense(plain: Truth, rng: np.random.Generator) -> Truth:
    base = plain.correlation[CONTROL]
    return replace(plain, correlation=np.array([jitter(base, rng, people=40) for _ in POPULATIONS]))


def _variance_only(plain: Truth, rng: np.random.Generator) -> Truth:
    sd = plain.sd.copy()
    for g in (FIRST, SECOND):
        sd[g, rng.choice(sd.shape[1], sd.shape[1] // 2, replace=False)] *= 1.5
    return replace(plain, sd=sd)


def _heavy_tails(plain: Truth, rng: np.random.Generator) -> Truth:
    return replace(plain, dof=5.0)


def _severity(plain: Truth, rng: np.random.Generator) -> Truth:
    strength = np.zeros_like(plain.sd)
    strength[FIRST] = rng.uniform(0.3, 0.9, strength.shape[1])
    strength[SECOND] = rng.uniform(0.0, 0.4, strength.shape[1])
    loading = -strength * plain.sd
    covariance = plain.covariance + loading[:, :, None] * loading[:, None, :]
    sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    correlation = covariance / sd[:, :, None] / sd[:, None, :]
    return replace(plain, correlation=correlation, sd=sd, loading=loading)


def _noise(plain: Truth, rng: np.random.Generator) -> Truth:
    correlation, sd = plain.correlation.copy(), plain.sd.copy()
    correlation[FIRST] = 0.8 * correlation[FIRST] + 0.2 * np.eye(len(plain.regions))
    sd[FIRST] /= np.sqrt(0.8)
    return replace(plain, correlation=correlation, sd=sd)


def _hub(plain: Truth, rng: np.random.Generator) -> Truth:
    hub = int(rng.integers(len(plain.regions)))
    correlation = plain.correlation.copy()
    correlation[SECOND, hub, :] = correlation[SECOND, :, hub] = 0.0
    correlation[SECOND, hub, hub] = 1.0
    return replace(plain, correlation=correlation)


def _mirrored(plain: Truth, rng: np.random.Generator) -> Truth:
    mirror = _mirror(plain.regions)
    left = np.flatnonzero(np.arange(len(mirror)) < mirror)
    rows, columns = edge_pairs(len(left))
    pairs = rng.choice(len(rows), min(6, len(rows)), replace=False)
    lateral = plain.correlation[CONTROL].copy()
    for i, j in zip(left[rows[pairs]], left[columns[pairs]], strict=True):
        for a, b, change in ((i, j, 0.25), (mirror[i], mirror[j], -0.25)):
            lateral[a, b] = lateral[b, a] = np.clip(lateral[a, b] + change, -0.95, 0.95)
    lateral = nearest_correlation(lateral)
    return replace(plain, correlation=np.array([lateral, lateral[np.ix_(mirror, mirror)], lateral]))


def _few(plain: Truth, rng: np.random.Generator) -> Truth:
    return _with(plain, {FIRST: (_random_edges(plain.regions, 3, rng), 0.5)})


def _many_small(plain: Truth, rng: np.random.Generator) -> Truth:
    edges = _random_edges(plain.regions, len(plain.regions) ** 2, rng)
    return _with(plain, {FIRST: (edges, -0.15), SECOND: (edges, -0.15)})


def _one_dense(plain: Truth, rng: np.random.Generator) -> Truth:
    correlation = plain.correlation.copy()
    correlation[FIRST] = jitter(correlation[CONTROL], rng, people=40)
    return replace(plain, correlation=correlation)


TRUTHS: dict[str, Callable[[Truth, np.random.Generator], Truth]] = {
    "null": _null,
    "sparse": _sparse,
    "half": _half,
    "dense": _dense,
    "variance_only": _variance_only,
    "heavy_tails": _heavy_tails,
    "severity": _severity,
    "noise": _noise,
    "hub": _hub,
    "mirrored": _mirrored,
    "few": _few,
    "many_small": _many_small,
    "one_dense": _one_dense,
}


def _mirror(regions: tuple[str, ...]) -> npt.NDArray[np.intp]:
    """For each region the position of its homologue, or its own where it has none."""
    swap = {"Left": "Right", "Right": "Left"}
    names = list(regions)
    other = ["-".join((swap[r.split("-", 1)[0]], r.split("-", 1)[1])) for r in names]
    return np.array([names.index(o) if o in names else i for i, o in enumerate(other)], dtype=np.intp)


def _random_edges(regions: tuple[str, ...], number: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """(edge, 2): different edges at random, never between homologues; at most half of all there are."""
    mirror = _mirror(regions)
    rows, columns = edge_pairs(len(regions))
    free = np.flatnonzero(mirror[rows] != columns)
    chosen = rng.choice(free, min(number, len(free) // 2), replace=False)
    return np.column_stack([rows[chosen], columns[chosen]])


def _with(plain: Truth, changes: dict[int, tuple[npt.NDArray[np.intp], float]]) -> Truth:
    """Some populations' correlations changed at some edges, then made valid."""
    correlation = plain.correlation.copy()
    for g, (edges, change) in changes.items():
        for i, j in edges:
            value = np.clip(correlation[g, i, j] + change, -0.95, 0.95)
            correlation[g, i, j] = correlation[g, j, i] = value
        correlation[g] = nearest_correlation(correlation[g])
    return replace(plain, correlation=correlation)
