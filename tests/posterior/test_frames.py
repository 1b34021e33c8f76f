"""to_frame(): tidy, complete, and back."""

import pytest

import bayescov as bc
from bayescov.errors import AnswerError


def test_connections_frame_has_a_row_an_edge_and_group(small):
    answers = bc.connections(small)
    frame = bc.to_frame(answers)
    assert list(frame.columns[:4]) == ["population", "region_a", "region_b", "p_added"]
    assert len(frame) == 2 * 10
    row = frame[(frame.population == "NMOSD") & (frame.region_a == "Pons") & (frame.region_b == "Putamen")]
    assert len(row) == 1
    there = answers.sel(population="NMOSD", edge="Pons ~ Putamen")
    assert row["p_missing"].item() == float(there["p_missing"])
    assert row["verdict"].item() == there["verdict"].item()
    assert not frame.isna().any().any()


def test_counts_frame(small):
    frame = bc.to_frame(bc.connections(small), over="population")
    assert list(frame["population"]) == ["MS", "NMOSD"]
    assert {"n_added", "n_added_low", "p_more_added_than_missing"} <= set(frame.columns)
    assert "p_added" not in frame


def test_volumes_frame(small):
    frame = bc.to_frame(bc.volumes(small))
    assert list(frame.columns[:3]) == ["population", "region", "difference_sd"]
    assert len(frame) == 2 * 5


def test_a_frame_survives_csv(small, tmp_path):
    import pandas as pd

    frame = bc.to_frame(bc.connections(small))
    frame.to_csv(tmp_path / "connections.csv", index=False)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "connections.csv"), frame, check_dtype=False)


def test_wrong_questions_get_a_sentence(small):
    with pytest.raises(AnswerError, match=r"no table over 'region' \(tables: "):
        bc.to_frame(bc.connections(small), over="region")
    with pytest.raises(AnswerError, match="got DataFrame"):
        bc.to_frame(bc.to_frame(bc.volumes(small)))
