"""Named truths: how the correlations of a control and two patient groups may differ, to judge a method against."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bayescov.errors import BayescovError
from bayescov.posterior.arguments import require_choice
from bayescov.simulate.correlations import healthy_correlation, jitter, nearest_correlation, packaged_table
from bayescov.simulate.differences import TRUTHS, changed_at, random_edges
from bayescov.simulate.distribution import FIRST, POPULATIONS, SECOND, Truth

__all__ = ["planted_truth", "truth", "truth_names"]

Floats = npt.NDArray[np.float64]
ROUNDED = 0.05
"""How far below zero an eigenvalue may fall where true correlations were written with two decimals."""


def truth(name: str, *, p: int = 14, rng: np.random.Generator, healthy: npt.ArrayLike | None = None) -> Truth:
    """Draw one truth of a named kind.

    All kinds start from the healthy correlations R_0 (14 regions; copies of them for more), jittered afresh, and
    end in correlation matrices (of the noise) whose eigenvalues are at least .05. "MS" and "NMOSD" stand for the first
    and second patient group; MS is smaller than controls by the packaged study's effects, in every kind. Numbers of edges are
    for 14 regions or more: never more than half of those that are not between homologues (3 in each group of ``sparse`` with 6
    regions). Their changes are those asked for before the matrix is made valid, which takes back about a fifth of ``sparse``'s with
    14 regions (.19), less with fewer (.14 to .16 with 4 to 6) and more with 30 (.23).

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
    module         MS: all edges among 5 random regions lowered by .3; NMOSD: R_0
    hemispheres    MS: R_0; NMOSD: all edges between left and right lowered by .2
    odd_controls   MS and NMOSD alike: 8 random edges (homologues excluded) raised by .4, so that controls differ
    weak           as sparse, from .4 times the correlations of R_0; lowered by .45 these are stronger than before, with the other sign
    one_region     MS: the correlations of one region with all others times .4; NMOSD: R_0
    shift          MS: every correlation a quarter nearer to 1; NMOSD: R_0
    ============== ==================================================================================

    Parameters
    ----------
    name : str
    p : int
        Number of regions, at least 4.
    rng : numpy.random.Generator
    healthy : array_like, optional
        (p, p), correlations to start from instead, such as those of other controls. Regions keep their names: the left ones
        first, then the right ones, and so their homologues.

    Returns
    -------
    Truth

    Raises
    ------
    BayescovError
        If there is no such kind, there are too few regions, or `healthy` is no correlation matrix of theirs.

    Examples
    --------
    >>> import numpy as np
    >>> from bayescov.simulate import truth
    >>> truth("sparse", p=14, rng=np.random.default_rng(1)).correlation.shape
    (3, 14, 14)
    """
    require_choice("truth", name, truth_names())
    if p < 4:
        raise BayescovError(f"a truth needs at least 4 regions, got p = {p}")
    packaged, regions = healthy_correlation(p)
    base = jitter(packaged if healthy is None else _correlations_of(regions, healthy), rng)
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
    edges = random_edges(plain.regions, 2 * changed, rng)
    half = len(edges) // 2
    return replace(
        changed_at(plain, {FIRST: (edges[:half], effect), SECOND: (edges[half:], -effect)}), name="planted"
    )


def truth_names() -> tuple[str, ...]:
    """The named truths."""
    return tuple(TRUTHS)


def _correlations_of(regions: tuple[str, ...], healthy: npt.ArrayLike) -> Floats:
    given, p = np.asarray(healthy, dtype=float), len(regions)
    if given.shape != (p, p):
        raise BayescovError(
            f"the healthy correlations have the shape {given.shape}; {p} regions need ({p}, {p})"
        )
    for i, j in np.argwhere(~(np.abs(given - given.T) < 1e-6) | ~(np.abs(given) <= 1.0)):
        raise BayescovError(
            f"the healthy correlations of {regions[i]} and {regions[j]} are {given[i, j]:g} and, the other way, "
            f"{given[j, i]:g}; they must be the same, between -1 and 1"
        )
    if not np.allclose(np.diagonal(given), 1.0):
        raise BayescovError(
            "the healthy correlations must have ones on the diagonal; is this a covariance matrix?"
        )
    smallest = float(np.linalg.eigvalsh(given)[0])
    if smallest < -ROUNDED:
        raise BayescovError(
            "the healthy correlations contradict each other: no volumes have them all, since their matrix is not positive "
            f"semi-definite (smallest eigenvalue {smallest:.2f}); take them from people who have every region"
        )
    return nearest_correlation(given)


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
