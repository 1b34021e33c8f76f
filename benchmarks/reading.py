"""How long reading takes: one large table, and a folder of two thousand FreeSurfer subjects.

    python benchmarks/reading.py [--small]

The table is a CSV file of 50,000 people and 100 regions; beside `read_volumes` (recognise, read, name, convert) and
`read_cohort` (all checks too) stands `pandas.read_csv` on the same file, which only parses it. The folder holds one
``stats/aseg.stats`` a subject. Wall time is the best of three; processor time belongs to the same run.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from tables import machine, markdown, run_of
from threadpoolctl import threadpool_limits

import bayescov as bc
from bayescov.cohort import Region, default_atlas

PEOPLE, SUBJECTS = 50_000, 2_000
SMALL_PEOPLE, SMALL_SUBJECTS = 5_000, 200
REGIONS = 100
REPEATS = 3
ASEG_KINDS = ("subcortical", "ventricle", "cerebellum", "white")
MEASURES = (
    "BrainSegVol",
    "CortexVol",
    "TotalGrayVol",
    "SupraTentorialVol",
    "MaskVol",
    "EstimatedTotalIntraCranialVol",
)
TARGETS = {"table": "5 s", "folder": "10 s"}


def main() -> None:
    run = run_of("reading", __doc__)
    people, subjects = (SMALL_PEOPLE, SMALL_SUBJECTS) if run.small else (PEOPLE, SUBJECTS)
    bc.read_cohort(study(20))  # load what is imported late
    with tempfile.TemporaryDirectory() as folder:
        table, root = Path(folder) / "volumes.csv", Path(folder) / "subjects"
        study(people).to_csv(table, index=False)
        write_subjects(root, subjects)
        megabytes = table.stat().st_size / 1e6
        rows = [
            measured("table", f"pandas.read_csv, {megabytes:.0f} MB", people, lambda: pd.read_csv(table)),
            measured("table", "read_volumes", people, lambda: bc.read_volumes(table)),
            measured(
                "table", "read_cohort, all regions", people, lambda: bc.read_cohort(table, regions="all")
            ),
            measured("folder", "read_volumes", subjects, lambda: bc.read_volumes(root)),
        ]
    frame = pd.DataFrame(rows)
    run.save(frame, digits=4)
    run.publish(table_of(frame))


def regions() -> list[Region]:
    """A hundred regions that have a usual volume."""
    known = default_atlas().regions.values()
    kinds = ("subcortical", "cortical", "ventricle", "cerebellum", "white")
    usual = [r for r in known if r.typical and r.kind in kinds and r.hemisphere != "both"]
    return usual[:REGIONS]


def study(people: int) -> pd.DataFrame:
    """A table of people with ids, groups, age and lognormal volumes, one decimal."""
    rng = np.random.default_rng(2023)
    chosen = regions()
    usual = np.array([r.typical for r in chosen], dtype=float)
    volumes = np.round(np.exp(0.1 * rng.standard_normal((people, len(chosen)))) * usual, 1)
    frame = pd.DataFrame(volumes, columns=[r.name for r in chosen])
    frame.insert(0, "participant_id", [f"sub-{i:06d}" for i in range(people)])
    frame.insert(1, "group", rng.choice(["HC", "MS"], people))
    frame.insert(2, "age", np.round(rng.uniform(20, 60, people), 1))
    return frame.assign(EstimatedTotalIntraCranialVol=np.round(rng.normal(1.46e6, 1.2e5, people), 3))


def write_subjects(root: Path, subjects: int) -> None:
    """One ``stats/aseg.stats`` a subject, about as long as FreeSurfer's own."""
    rng = np.random.default_rng(2024)
    structures = [r for r in default_atlas().regions.values() if r.typical and r.kind in ASEG_KINDS]
    structures = [r for r in structures if r.hemisphere != "both" and not r.name.startswith("wm-")]
    usual = np.array([r.typical for r in structures], dtype=float)
    columns = "# ColHeaders  Index SegId NVoxels Volume_mm3 StructName normMean normStdDev normMin normMax normRange"
    head = [
        "# Title Segmentation Statistics ",
        "# generating_program mri_segstats",
        "# cvs_version 7.0.0",
        *(f"# Measure {n}, {n}, A measure of the whole head, 1460000.000000, mm^3" for n in MEASURES),
        *(f"# TableCol {i} FieldName Something or other" for i in range(1, 31)),
        f"# NRows {len(structures)} ",
        columns,
    ]
    for i in range(subjects):
        volumes = np.round(np.exp(0.1 * rng.standard_normal(len(structures))) * usual, 1)
        rows = [
            f"{j:3d} {j:3d} {round(v):9d} {v:10.1f}  {r.name:<32}  80.0000     9.0000    36.0000   116.0000    80.0000 "
            for j, (r, v) in enumerate(zip(structures, volumes, strict=True), 1)
        ]
        stats = root / f"sub-{i:05d}" / "stats"
        stats.mkdir(parents=True)
        (stats / "aseg.stats").write_text("\n".join([*head, *rows]) + "\n")


def measured(source: str, what: str, people: int, read: Callable[[], object]) -> dict[str, object]:
    """Seconds of the fastest of some repeats."""
    best = (np.inf, np.inf)
    for _ in range(REPEATS):  # one thread: where others compute too, waiting threads would count as work
        wall, processor = time.perf_counter(), time.process_time()
        with threadpool_limits(1):
            read()
        best = min(best, (time.perf_counter() - wall, time.process_time() - processor))
    return {
        "source": source,
        "what": what,
        "people": people,
        "seconds": best[0],
        "processor_seconds": best[1],
    }


def table_of(frame: pd.DataFrame) -> str:
    shown = pd.DataFrame(
        {
            "source": frame["source"].map({"table": f"CSV, {REGIONS} regions", "folder": "aseg.stats files"}),
            "people": frame["people"].map("{:,}".format),
            "": frame["what"],
            "seconds": frame["seconds"].map("{:.2f} s".format),
            "processor": frame["processor_seconds"].map("{:.2f} s".format),
            "to stay below": frame["source"].map(TARGETS).where(frame["people"].isin([PEOPLE, SUBJECTS]), ""),
        }
    )
    load = os.getloadavg()[0]
    busy = (
        f" The machine was busy (load {load:.0f}); an idle one needs the processor time." if load > 3 else ""
    )
    return f"{markdown(shown)}\n\nOn {machine()}, one thread.{busy}"


if __name__ == "__main__":
    main()
