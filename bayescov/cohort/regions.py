"""One name for every region, whatever the tool calls it: hemisphere, structure, homologue, MNI centre, usual size."""

import csv
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["SUBCORTICAL", "Atlas", "Region", "default_atlas", "key", "strip_measure"]

SUBCORTICAL = ("Thalamus", "Caudate", "Putamen", "Pallidum", "Hippocampus", "Amygdala", "Accumbens-area")
"""The structures of each side that, with the brain-stem, are read by default."""

# What a column name may carry beside the region: a measure, a unit. `_cc` is more often the corpus callosum.
_UNIT = re.compile(
    r"(?:[\s_.\-]+[\[(]?|[\[(])(mm3|mm\^3|mm³|cm3|cm\^3|cm³|(?<!_)cc|ml)[\])]?\s*$", re.IGNORECASE
)
_MEASURE = re.compile(r"[\s_.\-]*(grayvol|grey?matter_?volume|volume|vol|gmv)\s*$", re.IGNORECASE)
_PREFIX = re.compile(r"^\s*(gr[ae]y matter )?volume of ", re.IGNORECASE)
_RATIO = re.compile(r"%|percent|\bpct\b|_pct$|\bratio\b", re.IGNORECASE)


@dataclass(frozen=True)
class Region:
    """One region.

    Attributes
    ----------
    name : str
        Canonical name, as FreeSurfer 7 writes it.
    hemisphere : {"left", "right", "midline", "both"}
    structure : str
        The structure without its side; the name of the region that holds both sides.
    kind : str
        ``"subcortical"``, ``"cortical"``, ``"ventricle"``, ``"white"``, ``"cerebellum"``; ``"sum"`` and ``"tissue"``
        for regions that hold others, ``"global"`` and ``"icv"`` for measures of the whole head,
        ``"absent in many"`` for what a healthy brain may not have.
    homologue : str or None
        The same structure on the other side.
    mni : tuple of float or None
        Approximate centre in MNI152 space, mm.
    typical, low, high : float or None
        Usual volume of an adult, and the bounds of the possible, in mm3.
    synonyms : tuple of str
        Other names of the structure, as tools write them, without the side.
    spellings : tuple of str
        Other names of this very region, with its side.
    """

    name: str
    hemisphere: str
    structure: str
    kind: str
    homologue: str | None = None
    mni: tuple[float, float, float] | None = None
    typical: float | None = None
    low: float | None = None
    high: float | None = None
    synonyms: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()


def key(name: str) -> str:
    """A name without case, accents, blanks and punctuation: what two spellings of one region share."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", name).casefold())


def strip_measure(name: str) -> tuple[str, str | None]:
    """A column name without measure and unit, and the unit it states (``"mm3"``, ``"cm3"`` or None)."""
    unit = None
    match = _UNIT.search(name)
    if match:
        unit = "mm3" if match.group(1).lower().startswith("mm") else "cm3"
        name = name[: match.start()]
    name = _PREFIX.sub("", name)
    return _MEASURE.sub("", name).strip() or name, unit


class Atlas:
    """A set of regions, found by any of their names.

    Examples
    --------
    >>> atlas = default_atlas()
    >>> atlas.find("Lthal").name, atlas.find("left thalamus").name
    ('Left-Thalamus', 'Left-Thalamus')
    >>> atlas["Left-Thalamus"].homologue
    'Right-Thalamus'
    """

    def __init__(self, regions: Iterable[Region]) -> None:
        self.regions = {region.name: region for region in regions}
        self._names: dict[str, str] = {}
        ambiguous = set()
        for region in self.regions.values():
            for spelling in _spellings(region):
                if self._names.setdefault(spelling, region.name) != region.name:
                    ambiguous.add(spelling)
        for spelling in ambiguous:  # rather unknown than wrong
            del self._names[spelling]
        for region in self.regions.values():  # a region's own name is never another's synonym
            self._names[key(region.name)] = region.name

    def find(self, name: str) -> Region | None:
        """The region called `name` in any tool's spelling, with or without measure and unit; None if unknown."""
        if _RATIO.search(name):
            return None
        for candidate in (name, strip_measure(name)[0]):
            known = self._names.get(key(candidate))
            if known is not None:
                return self.regions[known]
        return None

    def __getitem__(self, name: str) -> Region:
        return self.regions[name]

    def __contains__(self, name: object) -> bool:
        return name in self.regions

    def sides(self, name: str) -> tuple[str, str] | None:
        """Left and right of a region that holds both sides; None for any other."""
        region = self.regions.get(name)
        if region is None or region.hemisphere != "both":
            return None
        of_structure = [r for r in self.regions.values() if r.structure == region.structure]
        pair = {r.hemisphere: r.name for r in of_structure}
        return (pair["left"], pair["right"]) if "left" in pair and "right" in pair else None

    def subcortical(self) -> tuple[str, ...]:
        """The default regions: 7 structures of each side, and the brain-stem."""
        return (*(f"{side}-{s}" for side in ("Left", "Right") for s in SUBCORTICAL), "Brain-Stem")

    def extended(self, regions: Iterable[Region]) -> "Atlas":
        """Return this atlas with further regions; theirs come first where names meet."""
        added = list(regions)
        names = {r.name for r in added}
        return Atlas([*added, *(r for r in self.regions.values() if r.name not in names)])


@cache
def default_atlas() -> Atlas:
    """The packaged regions: subcortical, ventricles, cerebellum, Desikan-Killiany cortex and white matter."""
    text = files("bayescov.cohort").joinpath("structures.csv").read_text(encoding="utf-8")
    return Atlas(region for row in csv.DictReader(text.splitlines()) for region in _regions_of(row))


def _regions_of(row: dict[str, str]) -> list[Region]:
    """A line of the packaged table: one midline region, or left, right and both sides."""
    centre = (float(row["x"]), float(row["y"]), float(row["z"])) if row["x"] else None
    pattern, structure = row["pattern"], row["structure"]

    def sized(name: str, hemisphere: str, other: str | None = None, sides: int = 1) -> Region:
        low, usual, high = (
            float(row[k]) * sides if row[k] else None for k in ("low_mm3", "typical_mm3", "high_mm3")
        )
        place = centre if sides == 1 else None
        if place is not None and hemisphere == "left":
            place = (-place[0], place[1], place[2])
        synonyms = _synonyms(row["synonyms"])
        return Region(name, hemisphere, structure, row["kind"], other, place, usual, low, high, synonyms)

    if "{" not in pattern:
        return [sized(pattern, "midline")]
    left, right = (pattern.format(Side=s.title(), lh=f"{s[0]}h") for s in ("left", "right"))
    return [sized(left, "left", right), sized(right, "right", left), sized(structure, "both", sides=2)]


def _synonyms(text: str) -> tuple[str, ...]:
    """``"ENIGMA: thal; other: a, b"`` -> the names, without the tools."""
    names = [part.split(":", 1)[-1].split(",") for part in text.split(";")]
    return tuple(n.strip() for group in names for n in group if n.strip())


def _spellings(region: Region) -> list[str]:
    """Keys under which a region is found."""
    bare = [key(n) for n in (region.structure, *region.synonyms)]
    own = [key(n) for n in (region.name, *region.spellings)]
    if region.hemisphere == "midline":
        return [*own, *bare]
    if region.hemisphere == "both":
        wholes = [f"{w}{b}" for b in bare for w in ("total", "bilateral", "both")]
        wholes += [f"{b}{w}" for b in bare for w in ("total", "bilateral", "both")]
        plain = [
            b for b in bare if len(b) > 4
        ]  # a column called "hip" is more often a girth than a hippocampus
        return [*own, *plain, *wholes]
    side, initial = region.hemisphere, region.hemisphere[0]
    if region.structure.startswith("wm-"):
        return [*own, f"wm{initial}h{key(region.structure)[2:]}"]
    before = [side, initial, f"{initial}h"]
    if region.kind == "cortical":
        before += [f"ctx{initial}h", f"ctx{side}"]
    after = [side, initial, f"{initial}h"]
    starts = [f"{p}{b}" for b in bare for p in before]
    ends = [f"{b}{a}" for b in bare for a in after if len(b) > 3 or len(a) > 1]  # "Pall" is no "pal, left"
    return [*own, *starts, *ends]
