"""What was found, in sentences a clinician can read: failed diagnostics first, and what cannot be known last."""

from itertools import permutations
from typing import NamedTuple

import numpy as np
import xarray as xr

from bayescov.posterior.arguments import require_fit
from bayescov.report.belonging import require_belonging
from bayescov.report.words import interval_text, listing, plural, probability, signed
from bayescov.sampling.diagnostics import Diagnosis, diagnose
from bayescov.sampling.mixing import LARGEST_RHAT, SMALLEST_ESS
from bayescov.sampling.tree import design_of, spec_of

__all__ = ["Sentence", "headline", "sentences"]

NAMED_AT_MOST = 4
# Of shifts and loose regions, which the fit states by itself: of what it gave more than a half five in eight were true, more than this five
# in six (benchmarks/README.md, "Regions that are said to have come loose").
PROBABLE = 0.8


class Sentence(NamedTuple):
    """One sentence of the headline.

    `about` is warning, volumes, counts, caution, contrast, named or limits.
    """

    about: str
    text: str


def headline(
    fit: xr.DataTree, connections: xr.Dataset, volumes: xr.Dataset, *, diagnosis: Diagnosis | None = None
) -> list[str]:
    """The findings of a fit in words.

    Parameters
    ----------
    fit : xarray.DataTree
        What `fit` returned.
    connections, volumes : xarray.Dataset
        What `bayescov.connections(fit)` and `bayescov.volumes(fit)` returned.
    diagnosis : Diagnosis, optional
        What `bayescov.diagnose(fit)` returned, where it is at hand already.

    Returns
    -------
    list of str
        Failed diagnostics first, where there are any; then volumes, numbers of connections gained and lost with
        intervals, the connections that can be named, comparisons between patient groups; last, what groups of
        this size cannot show.

    Raises
    ------
    AnswerError
        If this is no fit, or the answers are other ones or of other groups or regions than the fit.

    Examples
    --------
    >>> import bayescov as bc
    >>> cohort = bc.simulate_study("ms-nmosd", seed=1)
    >>> fit = bc.fit(bc.prepare(cohort), model="separate", seed=1)
    >>> sentences = bc.headline(fit, bc.connections(fit), bc.volumes(fit))  # doctest: +SKIP
    """
    require_fit(fit, "correlation")
    require_belonging(design_of(fit), connections=connections, volumes=volumes)
    return [s.text for s in sentences(fit, connections, volumes, diagnosis or diagnose(fit))]


def sentences(
    fit: xr.DataTree, connections: xr.Dataset, volumes: xr.Dataset, found: Diagnosis
) -> list[Sentence]:
    """The headline with the subject of each sentence."""
    lines = [Sentence("warning", text) for text in _warning(found)]
    lines += [Sentence("volumes", text) for text in _volumes(volumes)]
    lines += [Sentence("counts", text) for text in _counts(connections)]
    lines += [Sentence("counts", text) for text in (*_couplings(connections), *_attenuations(connections))]
    lines += [Sentence("caution", text) for text in _caution(fit)]
    lines += [Sentence("contrast", text) for text in _contrasts(connections)]
    lines += [Sentence("named", text) for text in _named(connections)]
    lines += [Sentence("limits", text) for text in _limits(fit, connections)]
    return lines


def _warning(found: Diagnosis) -> list[str]:
    if found.ok:
        return []
    if found.ok is None:
        return [
            "Do not rely on this yet: with a single chain it cannot be judged whether the sampler converged. "
            "Fit again with chains=4."
        ]
    problems = []
    if not found.max_rhat <= LARGEST_RHAT:
        problems.append(f"R-hat up to {found.max_rhat:.3f} where at most {LARGEST_RHAT} is wanted")
    if not found.min_ess_bulk >= SMALLEST_ESS:
        problems.append(
            f"as few as {found.min_ess_bulk:,.0f} effective draws where {SMALLEST_ESS:.0f} are wanted"
        )
    if found.diverges:
        problems.append(plural(found.divergences, "divergent transition"))
    only_divergences = len(problems) == 1 and found.diverges
    remedy = "a longer warm-up (tune)" if only_divergences else "more draws"
    return [
        f"Do not rely on this yet: the sampler's diagnostics failed ({listing(problems)}). "
        f"The figures below may change when the model is fitted again; ask for {remedy} first."
    ]


def _volumes(volumes: xr.Dataset) -> list[str]:
    lines, nothing = [], []
    n_regions = volumes.sizes["region"]
    control = volumes.attrs["control"]
    for group in volumes["population"].values:
        row = volumes.sel(population=group)
        verdict = row["verdict"].values
        parts = [
            text for kind in ("smaller", "larger") if (text := _changed_regions(row, verdict, kind, control))
        ]
        if not parts:
            nothing.append(str(group))
            continue
        rest = [
            f"{(verdict == kind).sum()} {kind}"
            for kind in ("unchanged", "undecided")
            if (verdict == kind).any()
        ]
        tail = f"; of the rest, {listing(rest)}" if rest else ""
        lines.append(f"Volumes, {group}: of {plural(n_regions, 'region')}, {'; '.join(parts)}{tail}.")
    if nothing:
        lines.append(
            f"Volumes, {listing(nothing)}: no region can be called smaller or larger than in {control}."
        )
    return lines


def _changed_regions(row: xr.Dataset, verdict: np.ndarray, kind: str, control: str) -> str:
    picked = np.flatnonzero(verdict == kind)
    if not len(picked):
        return ""
    percent = row["difference_percent"].values
    by_size = picked[np.argsort(-np.abs(percent[picked]))]
    names = [f"{row['region'].values[j]} {signed(percent[j], 1)} %" for j in by_size]
    verb = "is" if len(picked) == 1 else "are"
    beyond = f"by more than {row.attrs['margin']:g} SD"
    return f"{len(picked)} {verb} {kind} than in {control} {beyond} ({listing(names, most=NAMED_AT_MOST)})"


def _counts(connections: xr.Dataset) -> list[str]:
    lines = []
    n_edges = connections.sizes["edge"]
    level = round(100 * float(connections.attrs["interval"]))
    n_draws = int(connections.attrs["draws"])
    for group in connections["population"].values:
        row = connections.sel(population=group)
        gained, lost = (_count(row, kind) for kind in ("added", "missing"))
        lines.append(
            f"Connections, {group}: of {n_edges}, {gained} added and {lost} missing (means and {level} % intervals); "
            f"the probability that {group} gained more connections than it lost is {_directions(row, n_draws)}."
        )
    return lines


def _directions(row: xr.Dataset, n_draws: int) -> str:
    """Both directions, since one is not the rest of the other; and that they balance, where that is the likeliest."""
    gained, lost = (float(row[f"p_more_{way}"]) for way in ("added_than_missing", "missing_than_added"))
    equal = max(0.0, 1.0 - gained - lost)
    text = f"{probability(gained, n_draws=n_draws)}, that it lost more {probability(lost, n_draws=n_draws)}"
    if equal > max(gained, lost):
        text += f", and that it gained as many as it lost {probability(equal, n_draws=n_draws)}"
    return text


def _couplings(connections: xr.Dataset) -> list[str]:
    """Groups in which all correlations have probably shifted together."""
    if "coupling" not in connections:
        return []
    lines = []
    level = round(100 * float(connections.attrs["interval"]))
    n_draws = int(connections.attrs["draws"])
    for group in connections["population"].values:
        row = connections.sel(population=group)
        for way, cause in (
            ("stronger", "as with one more cause that all regions share"),
            ("weaker", "as without a cause that all regions share"),
        ):
            chance = float(row[f"coupling_p_{way}"])
            if chance > PROBABLE:
                shift = interval_text(float(row["coupling_low"]), float(row["coupling_high"]))
                lines.append(
                    f"Connections, {group}: all of them together are probably {way} than in {connections.attrs['control']} "
                    f"(probability {probability(chance, n_draws=n_draws)}; shift {signed(float(row['coupling']))}, {level} % {shift}), "
                    f"{cause}; such a shift says nothing of single connections{_by_itself(connections)}."
                )
    return lines


def _attenuations(connections: xr.Dataset) -> list[str]:
    """Regions that have probably come loose: all their connections are weaker at once."""
    if "p_attenuated" not in connections:
        return []
    lines = []
    n_draws = int(connections.attrs["draws"])
    for group in connections["population"].values:
        row = connections.sel(population=group)
        for region in row["region"].values[row["p_attenuated"].values > PROBABLE]:
            chance = probability(float(row["p_attenuated"].sel(region=region)), n_draws=n_draws)
            kept = 100 * float(row["attenuation"].sel(region=region))
            lines.append(
                f"Connections, {group}: {region} has probably lost a part of all its connections at once "
                f"(probability {chance}; it keeps {kept:.0f} % of its correlations){_by_itself(connections)}."
            )
    return lines


def _by_itself(connections: xr.Dataset) -> str:
    """That shifts and loose regions are of the fit alone: its special cases have other ones, or none."""
    if not connections.attrs.get("structures"):
        return ""
    return "; this is of the model by itself, while the numbers of connections are averages with its special cases"


def _count(row: xr.Dataset, kind: str) -> str:
    mean, low, high = (float(row[f"n_{kind}{end}"]) for end in ("", "_low", "_high"))
    return f"{mean:.0f} ({low:.0f} to {high:.0f})"


def _contrasts(connections: xr.Dataset) -> list[str]:
    """Patient groups against each other: the pair where there are two, the most probable difference where there are more."""
    groups = [str(g) for g in connections["population"].to_numpy()]
    if len(groups) < 2:
        return []
    n_draws, two = int(connections.attrs["draws"]), len(groups) == 2
    parts = []
    for kind, verb in (("added", "gained"), ("missing", "lost")):
        table = connections[f"p_more_{kind}_than_other"].values
        pairs = [(0, 1)] if two else list(permutations(range(len(groups)), 2))
        a, b = max(pairs, key=lambda pair: table[pair])
        more, less = (probability(float(p), n_draws=n_draws) for p in (table[a, b], table[b, a]))
        what = "more connections" if two else "more"
        parts.append(
            f"that {groups[a]} {verb} {what} than {groups[b]} is {more}, that {groups[b]} {verb} more {less}"
        )
    which = "" if two else ", the pairs of which it can best be told"
    return [f"Between patient groups{which}: the probability {'; '.join(parts)}."]


def _named(connections: xr.Dataset) -> list[str]:
    lines, nothing = [], []
    n_edges = connections.sizes["edge"]
    for group in connections["population"].values:
        row = connections.sel(population=group)
        verdict = row["verdict"].values
        parts, doubts = [], []
        for kind in ("added", "missing", "reversed"):
            picked = np.flatnonzero(verdict == kind)
            order = picked[np.argsort(-row[f"p_{kind}"].values[picked], kind="stable")]
            pairs = [f"{row['region_a'].values[e]} – {row['region_b'].values[e]}" for e in order]
            doubts += list(1.0 - row[f"p_{kind}"].values[picked])
            if pairs:
                parts.append(f"{len(pairs)} {kind} ({listing(pairs, most=NAMED_AT_MOST)})")
        undecided, unchanged = int((verdict == "undecided").sum()), int((verdict == "unchanged").sum())
        if parts:
            lines.append(
                f"Named connections, {group}: {listing(parts)}, {_expected(doubts)}; {unchanged} unchanged, {undecided} undecided."
            )
        elif undecided == n_edges:
            nothing.append(f"{group} ({f'all {n_edges}' if n_edges > 1 else 'the only one'} undecided)")
        else:
            nothing.append(f"{group} ({unchanged} unchanged, {undecided} undecided)")
    if nothing:
        rate = f"{100 * float(connections.attrs['fdr']):g} %"
        lines.append(
            f"No single connection can be named as changed at a false discovery rate of {rate} in {listing(nothing)}."
        )
    return lines


def _expected(doubts: list[float]) -> str:
    """How far a list of names can be relied on."""
    wrong = sum(doubts)
    if len(doubts) == 1:
        return f"which is wrong with a probability of {probability(wrong)}"
    return f"of which {'fewer than 0.1' if wrong < 0.05 else f'{wrong:.1f}'} are expected to be wrong"


def _caution(fit: xr.DataTree) -> list[str]:
    """Where a model is known to count too many."""
    spec = spec_of(fit)
    if spec.shared is not None:
        return []
    return [
        f"Caution: the model {spec.name!r} shares nothing between groups, so uncertain connections are counted, and "
        "named, as changes even where nothing differs; compare with the default model."
    ]


def _limits(fit: xr.DataTree, connections: xr.Dataset) -> list[str]:
    """What the data cannot show at these group sizes, whatever the model."""
    design = design_of(fit)
    groups, sizes = design.populations, design.sizes.astype(int)
    smallest = 1 + int(np.argmin(sizes[1:]))
    taken = len(design.covariates) + max(len(design.sites) - 1, 0)
    partial = connections.attrs["kind"] == "partial"
    if partial:
        taken += len(design.regions) - 2  # all others are held
    spare = np.maximum(sizes[[0, smallest]] - 3 - taken, 1)
    typical = float(np.median(np.abs(connections["control_mean"].values)))
    width = min(1.96 * float(np.sqrt((1 / spare).sum())) * (1 - typical**2), 2.0)
    if width <= float(connections.attrs["margin"]):
        return []
    meaning = "undecided does not mean unchanged"
    if (connections["verdict"] == "unchanged").any():
        meaning += ", and unchanged is what all connections together say, not that one's own data"
    one = "partial correlation" if partial else "correlation"
    return [
        f"What cannot be known: with {sizes[0]} {groups[0]} and {sizes[smallest]} {groups[smallest]}, the data alone "
        f"leave the difference of one typical {one} uncertain by ±{width:.2f} (95 %), so smaller changes of single "
        f"connections stay hidden: {meaning}."
    ]
