"""The quirks of each tool's files, on small self-made ones."""

import json

import numpy as np
import pandas as pd
import pytest

from bayescov.cohort import check, read_cohort, read_volumes
from bayescov.errors import TableError
from tests.cohort import writers
from tests.cohort.people import said, table, volumes


def quirks(data) -> dict[str, tuple[bool | None, str]]:
    return {name: (passed, text) for name, passed, text in json.loads(data.attrs["quirks"])}


def value(data, who: str, region: str) -> float:
    return float(data["volume"].sel(subject=who, region=region))


# ------------------------------------------------------------------------------------------------ FreeSurfer


def test_aseg_cortex_and_white_matter_of_one_subject_come_together(tmp_path):
    frame = volumes(2)
    root = writers.subjects_dir(frame, tmp_path / "subjects")
    for hemisphere in ("lh", "rh"):
        text = writers.aparc_stats({"bankssts": 2508.0, "insula": 8697.0}, hemisphere, "sub-01")
        (root / "sub-01" / "stats" / f"{hemisphere}.aparc.stats").write_text(text)
        dkt = writers.aparc_stats({"insula": 8000.0, "cuneus": 3000.0}, hemisphere, "sub-01")
        (root / "sub-01" / "stats" / f"{hemisphere}.aparc.DKTatlas.stats").write_text(dkt)
    data = read_volumes(root)
    assert value(data, "sub-01", "ctx-lh-bankssts") == 2508.0
    assert value(data, "sub-01", "ctx-rh-insula") == 8697.0  # Desikan-Killiany before DKT
    assert np.isnan(value(data, "sub-02", "ctx-lh-bankssts"))
    assert str(data["hemisphere"].sel(region="ctx-rh-insula").item()) == "right"
    assert value(data, "sub-01", "Left-Thalamus") == frame.loc["sub-01", "Left-Thalamus"]
    assert float(data["CortexVol"][0]) == 553998.311189  # the comma that version 6 forgot


def test_one_subject_a_file_and_a_flat_folder_are_read(tmp_path):
    frame = volumes(3)
    for who, row in frame.iterrows():
        (tmp_path / f"{who}_aseg.stats").write_text(writers.aseg_stats(row))
    data = read_volumes(tmp_path)
    assert list(data["subject"].values) == list(frame.index)
    one = read_volumes(tmp_path / "sub-02_aseg.stats")
    assert value(one, "sub-02", "Left-Putamen") == frame.loc["sub-02", "Left-Putamen"]


def test_the_version_is_kept_and_mixtures_are_warned(tmp_path):
    frame = volumes(20)
    root = tmp_path / "subjects"
    writers.subjects_dir(frame.iloc[:10], root)
    writers.subjects_dir(
        frame.iloc[10:], root, version="$Id: mri_segstats.c,v 1.121 2016/05/31 17:27:11 greve Exp $"
    )
    data = read_volumes(root)
    assert list(data["tool_version"].values[[0, 19]]) == ["FreeSurfer 7.0.0", "FreeSurfer 6.0"]
    people = table(20)[["participant_id", "group"]]
    cohort = read_cohort(root, participants=people)
    result = said(cohort.checks, "tool versions")
    assert result.passed is False
    assert "FreeSurfer 7.0.0 (10), FreeSurfer 6.0 (10)" in result.text


def test_two_head_sizes_of_one_subject_are_a_problem(tmp_path):
    root = writers.subjects_dir(volumes(1), tmp_path / "subjects")
    text = "# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Intracranial Volume, 1111111.0, mm^3\n"
    (root / "sub-01" / "stats" / "brainvol.stats").write_text(text)
    with pytest.raises(TableError, match="two head sizes"):
        read_volumes(root)


def test_several_tools_in_one_folder_are_not_mixed(tmp_path):
    writers.subjects_dir(volumes(2), tmp_path / "all")
    writers.samseg(volumes(2, prefix="s"), tmp_path / "all")
    with pytest.raises(TableError, match=r"several tools.*FreeSurfer.*SAMSEG"):
        read_volumes(tmp_path / "all")


def test_a_table_of_thickness_is_refused(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("lh.aparc.thickness\tlh_bankssts_thickness\tlh_cuneus_thickness\ns1\t2.5\t2.1\n")
    with pytest.raises(TableError, match="holds thickness, not volumes"):
        read_volumes(path)


def test_a_table_with_bare_names_takes_its_hemisphere_from_the_first_cell(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("rh.aparc.volume\tbankssts\tinsula\teTIV\ns1\t2500.0\t7000.0\t1500000\n")
    assert list(read_volumes(path)["region"].values) == ["ctx-rh-bankssts", "ctx-rh-insula"]


def test_tables_are_joined_and_repeated_head_size_is_one(tmp_path):
    frame = volumes(4)
    writers.asegstats2table(frame, tmp_path / "aseg.tsv")
    for h in ("lh", "rh"):
        cortex = pd.DataFrame(
            {f"{h}_insula_volume": [7000.0, 7100, 7200, 7300], "eTIV": frame["icv"].to_numpy()},
            index=frame.index,
        )
        cortex.rename_axis(f"{h}.aparc.volume").to_csv(tmp_path / f"{h}.tsv", sep="\t")
    for source in ([tmp_path / "aseg.tsv", tmp_path / "lh.tsv", tmp_path / "rh.tsv"], tmp_path):
        data = read_volumes(source)
        assert {"Left-Thalamus", "ctx-lh-insula", "ctx-rh-insula"} <= set(data["region"].values)
        np.testing.assert_allclose(data["icv"], frame["icv"])


def test_tables_of_different_runs_are_not_joined(tmp_path):
    frame = volumes(4)
    writers.asegstats2table(frame, tmp_path / "a.tsv")
    writers.asegstats2table(frame * 1.1, tmp_path / "b.tsv")
    with pytest.raises(TableError, match=r"two tables disagree on 16 measures of 4 of their common people"):
        read_volumes([tmp_path / "a.tsv", tmp_path / "b.tsv"])


def test_fastsurfer_says_that_head_size_is_not_there(tmp_path):
    data = read_volumes(writers.fastsurfer(volumes(2), tmp_path / "out"))
    assert quirks(data)["head size"][0] is None
    assert value(data, "sub-01", "CC_Posterior") == 0.0


def test_fastsurfers_link_and_file_are_one(tmp_path):
    root = writers.fastsurfer(volumes(2), tmp_path / "out")
    for who in ("sub-01", "sub-02"):
        stats = root / who / "stats"
        (stats / "aseg+DKT.VINN.stats").write_text((stats / "aseg+DKT.stats").read_text())
    assert list(read_volumes(root)["subject"].values) == ["sub-01", "sub-02"]


# ------------------------------------------------------------------------------------- SynthSeg, SAMSEG, FSL


def test_synthseg_scores_come_along_but_are_no_volumes(tmp_path):
    frame = volumes(3)
    writers.synthseg(frame, tmp_path / "vol.csv")
    (tmp_path / "qc.csv").write_text(
        "subject,general white matter,general grey matter,general csf,cerebellum,brainstem,thalamus,putamen+pallidum\n"
        "sub-01,0.9,0.9,0.8,0.9,0.9,0.9,0.7\nsub-02,0.4,0.9,0.8,0.9,0.9,0.9,0.7\nsub-03,0.9,0.9,0.8,0.9,0.9,0.9,0.7\n"
    )
    data = read_volumes(tmp_path)
    assert list(data["qc_general_white_matter"].values) == [0.9, 0.4, 0.9]
    assert value(data, "sub-02", "Left-Thalamus") == frame.loc["sub-02", "Left-Thalamus"]
    with pytest.raises(TableError, match="no column is a known brain region"):
        read_volumes(tmp_path / "qc.csv")


def test_synthseg_file_names_lose_their_ending(tmp_path):
    frame = volumes(2)
    frame.index = ["sub-01_T1w.nii.gz", "sub-02_T1w"]
    assert list(read_volumes(writers.synthseg(frame, tmp_path / "v.csv"))["subject"].values) == [
        "sub-01_T1w",
        "sub-02_T1w",
    ]


def test_samsegs_background_is_dropped_and_its_csv_is_read(tmp_path):
    row = volumes(1).iloc[0]
    data = read_volumes(writers.samseg_csv(row, tmp_path / "sub-07_samseg.csv"))
    assert list(data["subject"].values) == ["sub-07"]
    assert value(data, "sub-07", "Brain-Stem") == row["Brain-Stem"]
    assert float(data["icv"][0]) == row["icv"]
    assert "Unknown" not in data["region"].values


def test_first_lines_need_names(tmp_path):
    row = volumes(1).iloc[0]
    path = writers.first_txt(row, tmp_path / "sub-01_firstSeg.txt")
    assert value(read_volumes(path), "sub-01", "Left-Thalamus") == row["Left-Thalamus"]
    path.write_text("27139 5964.219717 \n14744 3240.224603 \n")
    with pytest.raises(TableError, match=r"2 lines of voxels and mm3 without a name"):
        read_volumes(path)


def test_sienax_gives_unnormalised_tissues_and_its_scaling(tmp_path):
    path = writers.sienax(
        tmp_path / "report.sienax", scale=1.25, gray=600000.0, white=480000.0, peripheral=500000.0
    )
    data = read_volumes(path)
    who = str(data["subject"].values[0])
    assert value(data, who, "Total-Gray-Matter") == 600000.0
    assert value(data, who, "Peripheral-Gray-Matter") == 500000.0
    assert float(data["vscaling"][0]) == 1.25


def test_a_damaged_sienax_report_is_recognised_by_its_own_arithmetic(tmp_path):
    path = writers.sienax(tmp_path / "report.sienax", scale=1.25, gray=600000.0, white=480000.0)
    path.write_text(path.read_text().replace("600000.00", "60000.00"))
    with pytest.raises(TableError, match="GREY is not its volume times VSCALING"):
        read_volumes(path)


# --------------------------------------------------------------------------------- volBrain, CAT12, ENIGMA


def test_volbrain_leaves_percentages_out_and_says_so(tmp_path):
    data = read_volumes(writers.volbrain(volumes(2), tmp_path / "report.csv"))
    assert quirks(data)["volBrain columns"][0] is True
    assert not [v for v in data if "%" in str(v)]
    assert value(data, "sub-01", "Left-Cerebellum-Cortex") == 50500.0


def test_volbrain_reports_one_a_file_are_put_together(tmp_path):
    frame = volumes(3)
    for who in frame.index:
        writers.volbrain(frame.loc[[who]], tmp_path / f"{who}.csv")
    data = read_volumes(tmp_path)
    assert list(data["subject"].values) == list(frame.index)
    np.testing.assert_allclose(data["volume"].sel(region="Right-Amygdala"), frame["Right-Amygdala"])


def test_concatenated_reports_repeat_their_header(tmp_path):
    frame = volumes(2)
    one, two = (writers.volbrain(frame.iloc[[i]], tmp_path / f"{i}.csv").read_text() for i in (0, 1))
    (tmp_path / "all.csv").write_text(one + two)
    data = read_volumes(tmp_path / "all.csv")
    assert list(data["subject"].values) == ["sub-01", "sub-02"]
    assert quirks(data)["repeated header"][0] is True


def test_cat12_adds_gray_and_white_and_says_what_a_table_holds(tmp_path):
    frame = volumes(2)
    data = read_volumes(writers.cat12(frame, tmp_path / "cat"))
    assert "gray plus its white" in quirks(data)["CAT12 measure"][1]
    assert value(data, "sub-01", "Total-Gray-Matter") == pytest.approx(668900.0)
    assert list(data["tool_version"].values) == ["CAT12 12.8"] * 2
    part = read_volumes(writers.cat12_table(frame, tmp_path / "ROI_catROI_neuromorphometrics_Vgm.csv"))
    assert "gray matter" in quirks(part)["CAT12 measure"][1]


def test_enigma_quirks(tmp_path):
    frame = volumes(4)
    frame["icv"] = [float(f"{v:g}") for v in frame["icv"]]
    path = writers.enigma(frame, tmp_path / "LandRvolumes.csv", blanks=True)
    text = path.read_text().replace(f"{frame.loc['sub-02', 'Left-Amygdala']}", "x")
    path.write_text(text)
    data = read_volumes(path)
    assert np.isnan(value(data, "sub-02", "Left-Amygdala"))
    np.testing.assert_allclose(data["icv"], frame["icv"])


def test_enigmas_old_scaling_factor_is_no_head_size(tmp_path):
    frame = volumes(12)
    frame["icv"] = 0.908
    path = writers.enigma(frame, tmp_path / "LandRvolumes.csv")
    people = table(12)[["participant_id", "group"]]
    results = check(path, participants=people)
    assert said(results, "unit").passed is False
    assert "icv = 1 mm3" in said(results, "impossible values").text


def test_enigmas_zero_is_the_control(tmp_path):
    path = writers.enigma(volumes(12), tmp_path / "LandRvolumes.csv")
    people = pd.DataFrame({"SubjID": volumes(12).index, "Dx": [0, 1] * 6, "Age": range(30, 42)})
    assert read_cohort(path, participants=people).control == "0"


def test_effect_sizes_are_refused(tmp_path):
    path = tmp_path / "summary.csv"
    path.write_text(
        'SuborticalVolume,Structure,d_icv,se_icv,n_controls,n_patients\nx,Laccumb,-0.04,0.04,"1,446","1,465"\n'
    )
    with pytest.raises(TableError, match="effect sizes"):
        read_volumes(path)


# -------------------------------------------------------------------------------------------- tables of any


def test_a_long_table_keeps_what_belongs_to_the_person(tmp_path):
    frame = volumes(6)
    path = writers.long(frame, tmp_path / "long.csv")
    rows = pd.read_csv(path)
    rows["group"] = rows["participant_id"].map(dict(zip(frame.index, ["HC", "MS"] * 3, strict=True)))
    rows.sample(frac=1, random_state=1).to_csv(path, index=False)
    cohort = read_cohort(path)
    assert cohort.groups == ("HC", "MS")
    for region in ("Left-Thalamus", "Brain-Stem"):
        np.testing.assert_array_equal(cohort.volumes[region].reindex(frame.index), frame[region])


def test_a_long_table_that_gives_a_region_twice_is_refused(tmp_path):
    path = writers.long(volumes(3), tmp_path / "long.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1].rsplit(",", 1)[0] + ",1.0"]) + "\n")
    with pytest.raises(TableError, match=r"2 rows give one region of one person more than once \(.*\)$"):
        read_volumes(path)


def test_what_is_known_of_a_person_may_stand_in_one_row_of_a_long_table():
    wide = table(20)
    known = ["participant_id", "group", "age", "sex", "icv"]
    frame = wide.melt(id_vars=known, var_name="region", value_name="volume")
    frame.loc[frame["participant_id"].duplicated(keep="last"), known[1:]] = None
    cohort = read_cohort(frame)
    assert cohort.group.tolist() == wide["group"].tolist()
    assert cohort.covariates["age"].tolist() == wide["age"].tolist()
    frame.loc[0, "age"] = 99.0
    with pytest.raises(TableError, match="'age' differs between the rows of one person"):
        read_cohort(frame)


def test_a_row_of_a_long_table_without_id_is_named():
    frame = table(20).melt(
        id_vars=["participant_id", "group"], value_vars=["Left-Caudate", "Right-Caudate"], var_name="region"
    )
    frame.loc[[5, 9], "participant_id"] = None
    with pytest.raises(TableError) as error:
        read_cohort(frame)
    assert "'participant_id' is empty in row 6, 10; every row needs an id" in str(error.value)
    assert "more than once" not in str(error.value)


def test_a_long_table_of_several_measures_is_refused_by_their_name(tmp_path):
    path = writers.long(volumes(3), tmp_path / "long.csv")
    head, *lines = path.read_text().splitlines()
    thick = [line.rsplit(",", 1)[0] + ",2.5,thickness" for line in lines]
    path.write_text("\n".join([head + ",measure", *(line + ",volume" for line in lines), *thick]) + "\n")
    with pytest.raises(
        TableError, match=r"they differ in 'measure' \(volume, thickness\): keep the rows of one$"
    ):
        read_volumes(path)


def test_a_transposed_table_is_turned(tmp_path):
    frame = volumes(3)
    frame.T.to_csv(tmp_path / "t.csv", index_label="structure")
    data = read_volumes(tmp_path / "t.csv")
    np.testing.assert_array_equal(data["volume"].sel(region="Left-Caudate"), frame["Left-Caudate"])
    assert "regions in rows" in data.attrs["tool"]


def test_a_list_of_regions_is_no_table(tmp_path):
    path = tmp_path / "regions.csv"
    path.write_text(",,,,\nLeft-Thalamus\nRight-Thalamus\nLeft-Caudate\nRight-Caudate\n")
    with pytest.raises(TableError, match="no volumes stand beside them; give one column a person"):
        read_volumes(path)


def test_a_title_above_the_header_is_pointed_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("My study,,,\n" + "id,Left-Caudate,Right-Caudate,Left-Putamen\ns1,3700,3600,5100\n")
    with pytest.raises(TableError, match="stands in row 2"):
        read_volumes(path)


@pytest.mark.parametrize("above", ["sep=;\n", "# made by hand\n# on Monday\n", '"sep=;"\n'])
def test_lines_above_the_header_that_programs_write_are_skipped(tmp_path, above):
    frame = volumes(3)
    path = tmp_path / "t.csv"
    path.write_text(above + frame.to_csv(sep=";", index_label="id"))
    np.testing.assert_array_equal(
        read_volumes(path)["volume"].sel(region="Left-Caudate"), frame["Left-Caudate"]
    )


def test_quoted_cells_and_thousands(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        '"id","Left-Thalamus","Right-Thalamus","note"\n"007","7,541","7,402.5","a, b"\n"008","7,200","7,100","c"\n'
    )
    data = read_volumes(path)
    assert value(data, "007", "Left-Thalamus") == 7541.0
    assert value(data, "007", "Right-Thalamus") == 7402.5
    assert list(data["note"].values) == ["a, b", "c"]


def test_ragged_rows_are_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,Left-Thalamus,Right-Thalamus\na,7500,7400\nb,7300\nc,7200,7100,7000\n")
    with pytest.raises(TableError, match=r"row 2 \('b'\) has 2 cells; row 3 \('c'\) has 4 cells"):
        read_volumes(path)


def test_trailing_delimiters_and_blank_rows_are_harmless(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,Left-Thalamus,Right-Thalamus,\na,7500,7400,\n,,,\nb,7300,7350,\n\n")
    assert list(read_volumes(path)["subject"].values) == ["a", "b"]


def test_columns_parted_by_blanks(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("id  Left-Thalamus   Right-Thalamus\na   7500.5  7400\nb   7300    7350.25\n")
    assert value(read_volumes(path), "b", "Right-Thalamus") == 7350.25


def test_two_columns_of_one_name_must_be_equal(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,score,score,Left-Thalamus,Right-Thalamus\na,1,2,7500,7400\n")
    with pytest.raises(TableError, match="two columns are called 'score'"):
        read_volumes(path)


def test_an_empty_folder_says_what_it_holds(tmp_path):
    (tmp_path / "notes.txt").write_text("hello world\nthis is\n")
    with pytest.raises(TableError, match=r"notes\.txt"):
        read_volumes(tmp_path)


def test_the_tool_is_told_from_the_content_not_the_name(tmp_path):
    path = writers.synthseg(volumes(2), tmp_path / "aseg.stats.csv")
    assert "SynthSeg" in read_volumes(path).attrs["tool"]
    path = tmp_path / "data.csv"
    path.write_text(writers.aseg_stats(volumes(1).iloc[0]))
    assert read_volumes(path).attrs["tool"] == "FreeSurfer"
