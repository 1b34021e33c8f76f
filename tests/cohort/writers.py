"""Small self-made files in the layout and with the quirks of every tool, from one frame of volumes in mm3.

`frame` has ids in its index and canonical names as columns; ``icv`` is head size.
"""

import json
from pathlib import Path

import pandas as pd

SIDES = {"Left-": "L", "Right-": "R"}
SUBCORTICAL = ("Thalamus", "Caudate", "Putamen", "Pallidum", "Hippocampus", "Amygdala", "Accumbens-area")
USUAL = {
    "Thalamus": 7500.0,
    "Caudate": 3700.0,
    "Putamen": 5200.0,
    "Pallidum": 1950.0,
    "Hippocampus": 4100.0,
    "Amygdala": 1680.0,
    "Accumbens-area": 600.0,
    "Brain-Stem": 20600.0,
    "icv": 1_460_000.0,
}
NAMES = [*(f"{side}{s}" for side in SIDES for s in SUBCORTICAL), "Brain-Stem", "icv"]


def usual(name: str) -> float:
    """An adult's volume of a region."""
    return USUAL[name.removeprefix("Left-").removeprefix("Right-")]


def split(name: str) -> tuple[str, str]:
    """Side (L, R or nothing) and structure."""
    for prefix, letter in SIDES.items():
        if name.startswith(prefix):
            return letter, name.removeprefix(prefix)
    return "", name


def delimited(frame: pd.DataFrame, path: Path, names: dict[str, str], *, first: str, sep: str = ",") -> Path:
    """A wide table with these names."""
    frame.rename(columns=names).rename_axis(first).to_csv(path, sep=sep, lineterminator="\n")
    return path


# ------------------------------------------------------------------------------------------------ FreeSurfer


def old(name: str) -> str:
    """FreeSurfer 5 and 6."""
    return "IntraCranialVol" if name == "icv" else name.replace("Thalamus", "Thalamus-Proper")


def new(name: str) -> str:
    """FreeSurfer 7 and 8."""
    return "EstimatedTotalIntraCranialVol" if name == "icv" else name


def aseg_stats(row: pd.Series, *, version: str = "7.0.0", subject: str = "output") -> str:
    """``aseg.stats`` of one person."""
    spell = old if version.startswith("$Id") else new
    lines = [
        "# Title Segmentation Statistics ",
        "# ",
        "# generating_program mri_segstats",
        f"# cvs_version {version}",
        f"# subjectname {subject}",
        "# Measure BrainSeg, BrainSegVol, Brain Segmentation Volume, 1169408.000000, mm^3",
        "# Measure BrainSegVol-to-eTIV, BrainSegVol-to-eTIV, Ratio of BrainSegVol to eTIV, 0.823275, unitless",
        "# Measure SurfaceHoles, SurfaceHoles, Total number of defect holes in surfaces prior to fixing, 49, unitless",
    ]
    if "icv" in row and pd.notna(row["icv"]):
        lines.append(
            f"# Measure IntraCranialVol, ICV, Intracranial Volume, {float(row['icv'])!r}, mm^3"
            if spell is old
            else f"# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Intracranial Volume, {float(row['icv'])!r}, mm^3"
        )
    table = [(n, v) for n, v in row.items() if n != "icv" and pd.notna(v)]
    lines += [
        f"# NRows {len(table)} ",
        "# ColHeaders  Index SegId NVoxels Volume_mm3 StructName normMean normStdDev normMin normMax normRange  ",
    ]
    lines += [
        f"{i:3d} {i:3d}  {round(v):8d}  {v!r:>10}  {spell(n):<30}  80.0  9.0  36.0  116.0  80.0 "
        for i, (n, v) in enumerate(table, 1)
    ]
    return "\n".join(lines) + "\n"


def subjects_dir(frame: pd.DataFrame, root: Path, **how) -> Path:
    """A FreeSurfer ``subjects_dir``, with files that hold no volumes beside."""
    for id, row in frame.iterrows():
        stats = root / str(id) / "stats"
        stats.mkdir(parents=True)
        (stats / "aseg.stats").write_text(aseg_stats(row, **how))
        (stats / "lh.curv.stats").write_text("# nothing here\n")
        (root / str(id) / "scripts").mkdir()
        (root / str(id) / "scripts" / "recon-all.log").write_text("done\n")
    return root


def aparc_stats(volumes: dict[str, float], hemisphere: str, subject: str) -> str:
    """``?h.aparc.stats``, with version 6's missing comma."""
    lines = [
        "# Table of FreeSurfer cortical parcellation anatomical statistics ",
        "# generating_program mris_anatomical_stats",
        "# cvs_version 7.0.0",
        f"# subjectname {subject}",
        f"# hemi {hemisphere}",
        "# Measure Cortex, NumVert, Number of Vertices, 147550, unitless",
        "# Measure Cortex, WhiteSurfArea, White Surface Total Area, 98536.5, mm^2",
        "# Measure Cortex, CortexVol Total cortical gray matter volume, 553998.311189, mm^3",
        "# ColHeaders StructName NumVert SurfArea GrayVol ThickAvg ThickStd MeanCurv GausCurv FoldInd CurvInd",
    ]
    lines += [
        f"{n:<40} 1322    962   {v:g}  2.657 0.448     0.095     0.013        6     0.7"
        for n, v in volumes.items()
    ]
    return "\n".join(lines) + "\n"


def asegstats2table(frame: pd.DataFrame, path: Path, *, sep: str = "\t", transposed: bool = False) -> Path:
    """``asegstats2table``, with a measure that is 0 for most people."""
    table = frame.rename(columns=old).assign(BrainSegVol=0.0)
    table.index.name = "Measure:volume"
    if transposed:
        table = table.T.rename_axis("Measure:volume")
    table.to_csv(path, sep=sep, lineterminator="\n")
    return path


# ------------------------------------------------------------------------------------------------ other tools


def fastsurfer(frame: pd.DataFrame, root: Path) -> Path:
    """``aseg+DKT.stats`` without ``# Measure`` lines, with empty rows."""
    for id, row in frame.drop(columns="icv", errors="ignore").iterrows():
        stats = root / str(id) / "stats"
        stats.mkdir(parents=True)
        rows = [(n, v) for n, v in row.items() if pd.notna(v)]
        lines = [
            "# Title Segmentation Statistics",
            "#",
            "# generating_program segstats.py",
            f"# NRows {len(rows) + 1}",
            "# ColHeaders  Index SegId NVoxels Volume_mm3 StructName normMean normStdDev normMin normMax normRange",
            *(f"{i} {i} {round(v)} {v!r} {n} 1.0 1.0 0.0 1.0 1.0" for i, (n, v) in enumerate(rows, 1)),
            "99  251      0      0.000 CC_Posterior   0.0000  0.0000  0.0000   0.0000   0.0000",
        ]
        (stats / "aseg+DKT.stats").write_text("\n".join(lines) + "\n")
    return root


def synthseg_name(name: str) -> str:
    """Lower case with blanks."""
    if name == "icv":
        return "total intracranial"
    return name.lower().replace("-", " ").replace("brain stem", "brain-stem")


def synthseg(frame: pd.DataFrame, path: Path, *, version: int = 2) -> Path:
    """``--vol``: version 1 has two header rows and no head size."""
    table = frame if version == 2 else frame.drop(columns="icv", errors="ignore")
    table = table.rename(columns=synthseg_name).assign(
        **{"left cerebral white matter": 2.3e5, "left cerebellum cortex": 5.5e4}
    )
    table.to_csv(path, index_label="subject" if version == 2 else "", lineterminator="\n")
    if version == 1:
        header, rest = path.read_text().split("\n", 1)
        labels = "," + ",".join(str(i) for i in range(2, 2 + table.shape[1]))
        path.write_text(f"{header}\n{labels}\n{rest}")
    return path


def samseg(frame: pd.DataFrame, root: Path) -> Path:
    """``samseg.stats`` with the background, and ``sbtiv.stats``."""
    for id, row in frame.iterrows():
        folder = root / str(id)
        folder.mkdir(parents=True)
        lines = [f"# Measure {n}, {v!r}, mm^3" for n, v in row.items() if n != "icv" and pd.notna(v)]
        (folder / "samseg.stats").write_text(
            "\n".join(["# Measure Unknown, 9000000.618657, mm^3", *lines]) + "\n"
        )
        if "icv" in row:
            (folder / "sbtiv.stats").write_text(f"# Measure Intra-Cranial, {float(row['icv'])!r}, mm^3\n")
    return root


def samseg_csv(row: pd.Series, path: Path) -> Path:
    """``samseg.csv`` of one person."""
    names = {"icv": "Intra-Cranial"}
    lines = [f"{names.get(str(n), n)},{v!r},{1000 * v / 1.4e6!r}" for n, v in row.items()]
    path.write_text(
        "\n".join(["ROI,volume_mm3,volume_ICV_x1000", "Unknown,9000000.6,6388.05", *lines]) + "\n"
    )
    return path


FIRST = {"Thalamus": "Thalamus-Proper"}


def first_txt(row: pd.Series, path: Path) -> Path:
    """Voxels, mm3 and a name, without a header."""
    cells = row.drop("icv", errors="ignore")
    lines = [f"{round(v)} {v!r} \t{str(n).replace('Thalamus', 'Thalamus-Proper')}" for n, v in cells.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


def first_json(frame: pd.DataFrame, root: Path) -> Path:
    """``<id>_segstats.json`` with the background and tissues."""
    root.mkdir(exist_ok=True)
    for id, row in frame.drop(columns="icv", errors="ignore").iterrows():
        data = {
            "Background": [8088403, 9706083.98],
            "csf": [1, 194682.0],
            "gray": [1, 592744.8],
            "white": [1, 462877.2],
        }
        data |= {str(n).replace("Thalamus", "Thalamus-Proper"): [round(v), v] for n, v in row.items()}
        (root / f"{id}_segstats.json").write_text(json.dumps(data, indent=4))
    return root


def sienax(path: Path, *, scale: float, gray: float, white: float, peripheral: float | None = None) -> Path:
    """``report.sienax``."""
    rows = [("GREY", gray), ("WHITE", white), ("BRAIN", gray + white)]
    text = "SIENA - Structural Image Evaluation, using Normalisation, of Atrophy\n\n"
    text += f"VSCALING {scale}\n\ntissue             volume    unnormalised-volume\n"
    if peripheral is not None:
        text += f"pgrey              {peripheral * scale:.2f} {peripheral:.2f} (peripheral grey)\n"
    path.write_text(text + "".join(f"{n:<18} {v * scale:.2f} {v:.2f}\n" for n, v in rows))
    return path


VOLBRAIN = {"Pallidum": "Globus Pallidus", "Accumbens-area": "Accumbens"}
OLD_VOLBRAIN = VOLBRAIN | {"Hippocampus": "Hipocampus", "Amygdala": "Amigdala"}


def volbrain(
    frame: pd.DataFrame, path: Path, *, sep: str = ",", decimal: str = ".", old_spelling: bool = False
) -> Path:
    """cm3 and percent, total, right and left, asymmetries."""
    spelled = OLD_VOLBRAIN if old_spelling else VOLBRAIN
    columns: dict[str, pd.Series] = {
        "Tissue WM cm3": frame["icv"] * 0 + 560.0,
        "Tissue WM %": frame["icv"] * 0 + 37.0,
    }
    columns["Tissue IC cm3"] = frame["icv"] / 1000
    columns["Cerebelum L GM cm3"] = frame["icv"] * 0 + 50.5
    columns["Brainstem cm3"], columns["Brainstem %"] = (
        frame["Brain-Stem"] / 1000,
        100 * frame["Brain-Stem"] / frame["icv"],
    )
    for structure in SUBCORTICAL:
        name = spelled.get(structure, structure)
        left, right = frame[f"Left-{structure}"], frame[f"Right-{structure}"]
        for label, value in (("Total", left + right), ("Right", right), ("Left", left)):
            columns[f"{name} {label} cm3"] = value / 1000
            columns[f"{name} {label} %"] = 100 * value / frame["icv"]
        columns[f"{name} {'Assymetry' if old_spelling else 'Asymmetry'}"] = (
            200 * (right - left) / (right + left)
        )
    table = pd.DataFrame(columns, index=frame.index)
    table.insert(0, "Sex", "Female")
    table.insert(1, "Report Date", "12-Nov-2019")
    table.to_csv(path, sep=sep, decimal=decimal, index_label="Patient ID", lineterminator="\n")
    return path


CAT12 = {
    "Thalamus": "ThaPro", "Caudate": "Cau", "Putamen": "Put", "Pallidum": "Pal", "Hippocampus": "Hip", "Amygdala": "Amy",
    "Accumbens-area": "Acc", "Brain-Stem": "bBrastem",
}  # fmt: skip


def cat12_name(name: str) -> str:
    """``rThaPro``."""
    side, structure = split(name)
    return side.lower() + CAT12[structure]


def cat12(frame: pd.DataFrame, root: Path) -> Path:
    """``label/catROI_*.xml`` with gray and white matter apart, ``report/cat_*.xml`` with head size; ml."""
    (root / "label").mkdir(parents=True)
    (root / "report").mkdir()
    for id, row in frame.iterrows():
        names = [n for n in row.index if n != "icv"]
        items = "".join(f"<item>{cat12_name(n)}</item>" for n in names)
        gray = ";".join(repr(0.6 * float(row[n]) / 1000) for n in names)
        white = ";".join(repr(0.4 * float(row[n]) / 1000) for n in names)
        text = (
            f'<?xml version="1.0" encoding="utf-8"?>\n<S><neuromorphometrics><names>{items}</names><data>'
            f"<Vgm>[{gray}]</Vgm><Vwm>[{white}]</Vwm><Vcsf>[{';'.join(['NaN'] * len(names))}]</Vcsf></data></neuromorphometrics></S>"
        )
        (root / "label" / f"catROI_{id}.xml").write_text(text)
        report = (
            '<?xml version="1.0" encoding="utf-8"?>\n<S><software><version_cat>12.8</version_cat></software><subjectmeasures>'
            f"<vol_TIV>{float(row['icv']) / 1000!r}</vol_TIV><vol_abs_CGW>[312.4 668.9 516.9 0 0]</vol_abs_CGW></subjectmeasures></S>"
        )
        (root / "report" / f"cat_{id}.xml").write_text(report)
    return root


def cat12_table(frame: pd.DataFrame, path: Path) -> Path:
    """The exported table of gray matter, ml, with a row of NaN."""
    table = (frame.drop(columns="icv", errors="ignore") / 1000).rename(columns=cat12_name)
    table.rename_axis("names").to_csv(path, na_rep="NaN", lineterminator="\n")
    return path


ENIGMA = {
    "Thalamus": "thal", "Caudate": "caud", "Putamen": "put", "Pallidum": "pal", "Hippocampus": "hippo", "Amygdala": "amyg",
    "Accumbens-area": "accumb",
}  # fmt: skip


def enigma_name(name: str) -> str:
    """``Lthal``."""
    side, structure = split(name)
    return "ICV" if name == "icv" else side + ENIGMA[structure]


def enigma(frame: pd.DataFrame, path: Path, *, lower: bool = False, blanks: bool = False) -> Path:
    """``LandRvolumes.csv``; no brain-stem."""
    table = frame.drop(columns="Brain-Stem", errors="ignore").rename(columns=enigma_name)
    if lower:
        table = table.rename(columns=str.lower)
    if blanks:
        table = table.rename(columns=lambda n: f" {n} ")
    table.to_csv(path, index_label="SubjID", lineterminator="\n")
    return path


def long(frame: pd.DataFrame, path: Path, *, hemisphere: bool = False) -> Path:
    """One row a person and region."""
    rows = frame.drop(columns="icv", errors="ignore").rename_axis("participant_id").reset_index()
    table = rows.melt("participant_id", var_name="region", value_name="volume_mm3")
    if hemisphere:
        parts = [split(n) for n in table["region"]]
        table["region"] = [structure for _, structure in parts]
        table.insert(1, "hemi", [{"L": "lh", "R": "rh", "": "n/a"}[side] for side, _ in parts])
    table.to_csv(path, index=False, lineterminator="\n")
    return path
