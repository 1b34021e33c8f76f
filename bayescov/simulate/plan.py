"""Before any scan: what a study of so many people could find."""

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

import bayescov
from bayescov.arguments import require_jobs, require_seed
from bayescov.design import prepare
from bayescov.errors import AnswerError
from bayescov.model.spec import ModelSpec, load_model
from bayescov.posterior import connections
from bayescov.posterior.arguments import require_choice, require_number, require_settings, require_whole
from bayescov.simulate.correlations import healthy_correlation
from bayescov.simulate.differences import most_changed
from bayescov.simulate.distribution import Truth, simulate_cohort
from bayescov.simulate.recovery import true_changes
from bayescov.simulate.truths import planted_truth, truth, truth_names

__all__ = ["plan"]

Floats = npt.NDArray[np.float64]

GROUPS = 3
EFFECT = 0.45
CHANGES = ("added", "missing")
BOOTSTRAPS = 2000
QUICK = {
    "draws": 500,
    "tune": 300,
    "chains": 2,
    "min_ess": 200.0,
    "max_draws": 9000,
    "cores": 1,
    "progress": False,
}


class _Task(NamedTuple):
    """One simulated study: all it needs, so that it can run anywhere and be found again."""

    sizes: tuple[int, ...]
    regions: int
    kind: str
    effect: float
    changed: int
    model: str
    rules: dict[str, Any]
    settings: dict[str, Any]
    truth_seed: int
    people_seed: int


def plan(
    n: int | Sequence[int] | Sequence[tuple[int, int, int]],
    *,
    regions: int = 14,
    effect: float = EFFECT,
    changed: int | None = None,
    truth: str = "planted",
    model: str | Path | ModelSpec = "adaptive",
    studies: int = 20,
    threshold: float = 0.3,
    margin: float = 0.1,
    fdr: float = 0.05,
    seed: int = 0,
    jobs: int = 1,
    cache: str | Path | None = None,
    progress: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Simulate studies of several sizes, fit each, and count what is found.

    Every simulated study has controls and two patient groups; volumes are correlated as in healthy people. In the
    first patient group `changed` random connections are raised by `effect`, in the second as many are lowered; what
    the definitions of `connections` then call truly added or missing is what there is to find. The same truths
    are used for every size.

    Parameters
    ----------
    n : int, or sequence of int or of (controls, first group, second group)
        People in each group; several sizes are compared, one that is named twice once.
    regions : int
        Number of regions, at least 4.
    effect : float
        In [0, 1.5]. By how much a correlation is raised or lowered. Matrices are made positive definite afterwards, which with 14
        regions takes a fifth away from .45, a quarter from .6, and moves others a little.
    changed : int, optional
        How many connections change in each patient group, at most a quarter of those that are no homologues'; 8, or that many.
    truth : str
        ``"planted"``, or one of the named truths, to which `effect` and `changed` do not apply.
    model : str, pathlib.Path or ModelSpec
        As in `fit`.
    studies : int
        Simulated studies of each size. With 20 the power is known to within about 10 points.
    threshold, margin, fdr : float
        As in `connections`.
    seed : int
    jobs : int
        Studies at the same time. The result does not depend on it.
    cache : str or pathlib.Path, optional
        A folder in which each study's counts are kept, so that nothing is simulated twice.
    progress : bool
        Show on stderr how many studies are done.
    settings : mapping, optional
        Further arguments of `fit`.

    Returns
    -------
    xarray.Dataset
        Over (size, change), the changes being "added" and "missing": ``power``, the share of truly added (missing)
        connections that are called so, with ``power_low`` and ``power_high`` (95 %, bootstrap over studies), and
        ``width``, the mean width of the 95 % interval of their number; ``n_true``, their mean number.
        Over (size): ``false_share``, the share of wrong ones among all connections called added, missing or reversed,
        over all studies; ``n_called``, their mean number; ``effect_realised``, the mean absolute change of all
        correlations that are truly added, missing or reversed, be it because others had to give way. Coordinates ``controls``, ``first``,
        ``second`` on ``size``.

    Raises
    ------
    AnswerError
        If a size or another argument is out of its range.

    Examples
    --------
    >>> import bayescov as bc
    >>> answers = bc.plan([20, 80], regions=4, changed=1, model="separate", studies=2)
    >>> answers["power"].dims
    ('size', 'change')
    """
    sizes = _sizes(n)
    require_choice("truth", truth, ("planted", *truth_names()))
    require_whole("regions", regions, low=4)
    require_whole("studies", studies, low=1)
    most = most_changed(healthy_correlation(regions)[1]) // 2
    if truth != "planted":
        # A named truth knows neither: so kept studies of it are found again, whatever was asked.
        effect, changed = EFFECT, None
    changed = min(8, most) if changed is None else require_whole("changed", changed, low=1, high=most)
    require_seed(seed)
    require_jobs(jobs)
    effect = require_number("effect", effect, low=0.0, high=1.5)
    spec = load_model(model)
    rules = {"threshold": threshold, "margin": margin, "fdr": fdr}
    options = {**QUICK, **require_settings(settings)}
    seeds = np.random.SeedSequence(seed).generate_state(2 * studies).reshape(studies, 2)
    tasks = [
        _Task(size, regions, truth, effect, changed, spec.to_json(), rules, options, int(a), int(b))
        for size in sizes
        for a, b in seeds
    ]
    counted = _run(tasks, jobs, None if cache is None else Path(cache), progress)
    return _summary(
        sizes, [counted[i * studies : (i + 1) * studies] for i in range(len(sizes))], tasks[0], seed
    )


def _sizes(n: Any) -> list[tuple[int, ...]]:
    """(controls, first group, second group) for every size asked for."""
    listed = [n] if isinstance(n, (int, np.integer)) else list(n)
    sizes = []
    for size in listed:
        each = (size,) * GROUPS if isinstance(size, (int, np.integer)) else tuple(size)
        if len(each) != GROUPS:
            raise AnswerError(
                f"n={size!r} must be a number of people a group, or (controls, first group, second group)"
            )
        sizes.append(tuple(require_whole("n", people, low=4) for people in each))
    if not sizes:
        raise AnswerError("n names no size; give at least one number of people a group")
    return list(dict.fromkeys(sizes))


def _run(tasks: list[_Task], jobs: int, cache: Path | None, progress: bool) -> list[dict[str, float]]:
    if jobs == 1:
        found = (_cached(task, cache) for task in tasks)
    else:
        from joblib import Parallel, delayed

        parallel = Parallel(n_jobs=jobs, return_as="generator")
        found = parallel(delayed(_cached)(task, cache) for task in tasks)
    if not progress:
        return list(found)
    from rich.console import Console
    from rich.progress import track

    bar = track(found, "simulated studies", total=len(tasks), console=Console(stderr=True))
    return list(bar)


def _cached(task: _Task, cache: Path | None) -> dict[str, float]:
    """The study's counts, from the folder if they are there."""
    if cache is None:
        return _study(task)
    text = json.dumps([bayescov.__version__, *task], sort_keys=True)
    path = cache / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    if path.is_file():
        stored: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
        return stored
    counts = _study(task)
    cache.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{task.people_seed}.part")
    partial.write_text(json.dumps(counts), encoding="utf-8")
    partial.replace(path)  # whole or not at all, whoever else writes
    return counts


def _study(task: _Task) -> dict[str, float]:
    """Simulate one study, fit it, and count what was there and what was called."""
    from bayescov.sampling import fit

    world = _world(task)
    cohort = simulate_cohort(world, task.sizes, rng=np.random.default_rng(task.people_seed))
    model = ModelSpec.from_json(task.model)
    posterior = fit(prepare(cohort), model=model, seed=task.people_seed, **task.settings)
    edges = connections(posterior, **task.rules)
    happened = true_changes(
        world.to_dataset(), threshold=task.rules["threshold"], margin=task.rules["margin"]
    ).to_numpy()
    verdict = edges["verdict"].to_numpy()
    called = np.isin(verdict, ("added", "missing", "reversed"))
    counts: dict[str, float] = {
        "called": float(called.sum()),
        "wrong": float((called & (verdict != happened)).sum()),
    }
    moved = np.abs(world.edges[1:] - world.edges[:1])[happened != "unchanged"]
    counts["moved"], counts["n_moved"] = float(moved.sum()), float(moved.size)
    for change in CHANGES:
        counts[f"true_{change}"] = float((happened == change).sum())
        counts[f"found_{change}"] = float(((happened == change) & (verdict == change)).sum())
        width = edges[f"n_{change}_high"] - edges[f"n_{change}_low"]
        counts[f"width_{change}"] = float(width.mean())
    return counts


def _world(task: _Task) -> Truth:
    rng = np.random.default_rng(task.truth_seed)
    if task.kind == "planted":
        return planted_truth(p=task.regions, effect=task.effect, changed=task.changed, rng=rng)
    return truth(task.kind, p=task.regions, rng=rng)


def _summary(
    sizes: list[tuple[int, ...]], counted: list[list[dict[str, float]]], task: _Task, seed: int
) -> xr.Dataset:
    def column(name: str) -> Floats:
        return np.array([[study[name] for study in of_size] for of_size in counted])

    true = np.stack([column(f"true_{c}") for c in CHANGES], axis=1)  # size, change, study
    found = np.stack([column(f"found_{c}") for c in CHANGES], axis=1)
    resampled = np.random.default_rng(seed).integers(true.shape[2], size=(BOOTSTRAPS, true.shape[2]))
    again = _share(found[:, :, resampled].sum(axis=-1), true[:, :, resampled].sum(axis=-1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nothing to find there is no quantile: NaN
        low, high = np.nanquantile(again, [0.025, 0.975], axis=-1)
    both = ("size", "change")
    return xr.Dataset(
        {
            "power": (both, _share(found.sum(axis=-1), true.sum(axis=-1))),
            "power_low": (both, low),
            "power_high": (both, high),
            "n_true": (both, true.mean(axis=-1)),
            "width": (both, np.stack([column(f"width_{c}").mean(axis=-1) for c in CHANGES], axis=1)),
            "false_share": (
                "size",
                column("wrong").sum(axis=-1) / np.maximum(column("called").sum(axis=-1), 1),
            ),
            "n_called": ("size", column("called").mean(axis=-1)),
            "effect_realised": ("size", _share(column("moved").sum(axis=-1), column("n_moved").sum(axis=-1))),
        },
        {
            "size": np.array(["/".join(map(str, s)) for s in sizes], dtype=object),
            "change": np.array(CHANGES, dtype=object),
            **{
                name: ("size", [s[g] for s in sizes])
                for g, name in enumerate(("controls", "first", "second"))
            },
        },
        {
            "question": "plan",
            "truth": task.kind,
            "regions": task.regions,
            **({"effect": task.effect, "changed": task.changed} if task.kind == "planted" else {}),
            "model": json.loads(task.model)["name"],
            "studies": true.shape[2],
            "seed": seed,
            **task.rules,
        },
    )


def _share(part: Floats, whole: Floats) -> Floats:
    """Part / whole, NaN where there was nothing to find."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
