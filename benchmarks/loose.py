"""Is it true where a region has "probably lost a part of all its connections at once"?

    python benchmarks/loose.py [--small]

The data sets of `calibration.py` (34 / 40 / 35 people, 14 regions, seed 1), `adaptive` by itself: what is said of regions is
of the fit, not averaged over the special cases. In `one_region` all of one region's correlations in MS are .4 of what they were;
in the other truths no region is loose, and what is said is false whenever it is said.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from tables import Run, markdown, options

import bayescov as bc
from bayescov.simulate import simulate_cohort, truth

TRUTHS = ("null", "sparse", "half", "dense", "one_region")
SAID = (0.5, 0.8, 0.95)


def main() -> None:
    """Fit, count, publish."""
    parser = options(__doc__)
    parser.add_argument("--datasets", type=int, default=20)
    asked = parser.parse_args()
    run = Run("loose", asked.small)
    numbers = range(2 if asked.small else asked.datasets)
    parts = Parallel(n_jobs=2)(delayed(_one)(name, number) for number in numbers for name in TRUTHS)
    frame = pd.concat(parts, ignore_index=True)
    run.save(frame)
    run.publish(markdown(counted(frame)) + f"\n`python benchmarks/loose.py --datasets {len(numbers)}`\n")


def _one(name: str, number: int) -> pd.DataFrame:
    root = np.random.SeedSequence([1, number, *name.encode()])
    rng = np.random.default_rng(root)
    world = truth(name, p=14, rng=rng)
    design = bc.prepare(simulate_cohort(world, (34, 40, 35), rng=rng))
    seed = int(root.generate_state(1)[0])
    fit = bc.fit(
        design, seed=seed, draws=800, chains=2, min_ess=0.0, cores=1, structures=False, progress=False
    )
    answers = bc.connections(fit)
    rows = []
    for group in design.patients:
        true = loose(world.correlation[0], world.correlation[world.populations.index(group)])
        said = answers.sel(population=group)
        for region, now in zip(world.regions, true, strict=True):
            probability, kept = (
                float(said[name].sel(region=region)) for name in ("p_attenuated", "attenuation")
            )
            rows.append((name, number, group, region, now, probability, kept))
    return pd.DataFrame(
        rows, columns=["truth", "dataset", "population", "region", "loose", "p_attenuated", "attenuation"]
    )


def loose(control: npt.NDArray[np.float64], patient: npt.NDArray[np.float64]) -> list[bool]:
    """Of each region whether all its correlations are the same share, below one, of the controls'."""
    found = []
    for i in range(len(control)):
        others = np.arange(len(control)) != i
        share = patient[i, others] / control[i, others]
        found.append(bool(np.ptp(share) < 1e-9 and share[0] < 1 - 1e-9))
    return found


def counted(frame: pd.DataFrame) -> pd.DataFrame:
    """How many regions are said to be loose, at what probability, and how many of them are."""
    rows = []
    for name, part in frame.groupby("truth", sort=False):
        row: dict[str, object] = {
            "truth": name,
            "regions": len(part),
            "loose": int(part["loose"].sum()),
            "expected": f"{part['p_attenuated'].sum():.1f}",
        }
        for least in SAID:
            said = part[part["p_attenuated"] > least]
            row[f"P > {least}: said"] = len(said)
            row[f"P > {least}: true"] = int(said["loose"].sum())
        rows.append(row)
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
