"""Every tool's spelling leads to one region, and never to two."""

import pytest

from bayescov.cohort.regions import Atlas, _spellings, default_atlas, key, strip_measure

ATLAS = default_atlas()

SPELLINGS = {
    "Left-Thalamus": ["Left-Thalamus-Proper", "Lthal", "lthal", "left thalamus", "L_Thal", "lThaPro", "Thalamus Left cm3",
                      "Thalamus_L", "lh_thalamus", "thalamus_lh", "LEFT.THALAMUS", "Left_Thalamus_volume", "Volume of thalamus (left)"],
    "Right-Accumbens-area": ["Raccumb", "right accumbens area", "R_Accu", "Accumbens Right cm3", "right nucleus accumbens"],
    "Left-Pallidum": ["Lpal", "L_Pall", "Globus Pallidus Left cm3", "left pallidum", "lPal"],
    "Right-Hippocampus": ["Rhippo", "Hipocampus Right cm3", "rHip", "R_Hipp", "HIPPOCAMPUS_RIGHT"],
    "Left-Amygdala": ["Lamyg", "Amigdala Left cm3", "lAmy"],
    "Brain-Stem": ["brain-stem", "BrStem", "Brainstem cm3", "brain stem", "BrainStem_volume"],
    "Left-Lateral-Ventricle": ["LLatVent", "llatvent", "left lateral ventricle", "Lateral ventricles Left cm3"],
    "Left-Inf-Lat-Vent": ["left inferior lateral ventricle", "lInfLatVen"],
    "ctx-lh-bankssts": ["lh_bankssts_volume", "lh_bankssts_grayvol", "ctx_lh_bankssts", "left bankssts", "L_bankssts"],
    "wm-rh-insula": ["wm-rh-insula", "wm_rh_insula"],
    "Left-Cerebellum": ["Cerebelum Left cm3", "left cerebellum"],
    "Thalamus": ["Thalamus Total cm3", "thalamus", "total thalamus"],
    "icv": ["eTIV", "EstimatedTotalIntraCranialVol", "IntraCranialVol", "sbTIV", "TIV", "ICV", "Intra-Cranial",
            "total intracranial", "Tissue IC cm3", "icv (ml)", "Intracranial Volume"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "spelling"), [(n, s) for n, many in SPELLINGS.items() for s in many])
def test_a_spelling_leads_to_its_region(name, spelling):
    assert ATLAS.find(spelling).name == name


@pytest.mark.parametrize(
    "word",
    ["group", "age", "sex", "lh_bankssts_thickness", "lh_bankssts_area", "Thalamus Left %", "Thalamus Asymmetry", "hip", "put",
     "lhSurfaceHoles", "BrainSegVol-to-eTIV", "Pall", "site", "id", "Left", "volume", "", "thalamus_pct", "ICV ratio"],
)  # fmt: skip
def test_what_is_no_volume_is_no_region(word):
    found = ATLAS.find(word)
    assert found is None, found


def test_every_region_is_found_by_its_own_name():
    for name in ATLAS.regions:
        assert ATLAS.find(name).name == name
        assert ATLAS.find(name.upper()).name == name


def test_no_spelling_belongs_to_two_regions():
    owners: dict[str, set[str]] = {}
    for region in ATLAS.regions.values():
        for spelling in _spellings(region):
            owners.setdefault(spelling, set()).add(region.name)
    names = {key(n) for n in ATLAS.regions}
    assert {s: o for s, o in owners.items() if len(o) > 1 and s not in names} == {}


def test_homologues_are_mutual_and_mirrored():
    for region in ATLAS.regions.values():
        if region.homologue is None:
            assert region.hemisphere in ("midline", "both")
            continue
        other = ATLAS[region.homologue]
        assert other.homologue == region.name
        assert {region.hemisphere, other.hemisphere} == {"left", "right"}
        assert region.structure == other.structure
        if region.mni is not None:
            assert other.mni == (-region.mni[0], *region.mni[1:])
            assert (region.mni[0] < 0) == (region.hemisphere == "left")


def test_the_default_is_seven_structures_a_side_and_the_brain_stem():
    names = ATLAS.subcortical()
    assert len(names) == len(set(names)) == 15
    assert all(ATLAS[n].kind == "subcortical" and ATLAS[n].mni is not None for n in names)


def test_usual_volumes_are_possible_ones():
    for region in ATLAS.regions.values():
        if region.low is not None and region.typical is not None:
            assert region.low < region.typical < region.high


def test_both_sides_make_the_whole():
    assert ATLAS.sides("Thalamus") == ("Left-Thalamus", "Right-Thalamus")
    assert ATLAS.sides("Left-Thalamus") is None
    assert ATLAS.sides("Brain-Stem") is None


@pytest.mark.parametrize(
    ("written", "bare", "unit"),
    [("Putamen Left cm3", "Putamen Left", "cm3"), ("Left-Putamen (mm^3)", "Left-Putamen", "mm3"), ("ICV [ml]", "ICV", "cm3"),
     ("lh_insula_volume", "lh_insula", None), ("Left-Putamen", "Left-Putamen", None),
     ("Left-Putamen_ml", "Left-Putamen", "cm3"), ("thalamus_volume_mm3", "thalamus", "mm3"),
     ("FA_cc", "FA_cc", None), ("html", "html", None)],
)  # fmt: skip
def test_measure_and_unit_come_off(written, bare, unit):
    assert strip_measure(written) == (bare, unit)


def test_an_ambiguous_spelling_is_unknown_rather_than_wrong():
    from bayescov.cohort.regions import Region

    atlas = Atlas(
        [
            Region("A1", "midline", "A", "x", synonyms=("same",)),
            Region("B1", "midline", "B", "x", synonyms=("same",)),
        ]
    )
    assert atlas.find("same") is None
    assert atlas.find("A1").name == "A1"
