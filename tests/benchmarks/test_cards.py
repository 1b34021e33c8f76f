"""The models' cards: one beside each model, with the tables that the benchmarks made."""

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODELS = sorted(path.stem for path in (ROOT / "models").glob("*.toml"))


def results_of(model):
    path = (
        ROOT
        / "benchmarks"
        / "results"
        / f"calibration_n35_p14{'' if model == 'adaptive' else '_' + model}.csv"
    )
    if not path.is_file():
        pytest.skip("the benchmarks are not part of this distribution")
    return pd.read_csv(path, keep_default_na=False).set_index("truth")


@pytest.mark.parametrize("model", MODELS)
def test_a_card_holds_the_table_that_was_measured(model):
    found = results_of(model)
    card = (ROOT / "models" / f"{model}.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| {model} \| (null|sparse|half|dense) \| ([\d.]+) \|", card, flags=re.MULTILINE)
    first = dict(rows[:4])  # adaptive has tables of other sizes after this one
    assert first == {name: f"{found.loc[name, 'ece']:.3f}" for name in first}
    assert len(first) == 4


@pytest.mark.parametrize("model", MODELS)
def test_the_overview_is_that_of_the_cards(model):
    found = results_of(model)
    page = (ROOT / "models" / "README.md").read_text(encoding="utf-8")
    assert f"[`{model}`]({model}.md)" in page
    (row,) = re.findall(rf"^\| `{model}` \|((?: \.\d+ \|)+)$", page, flags=re.MULTILINE)
    stated = [float(cell) for cell in row.strip(" |").split("|")]
    assert stated == [round(float(found.loc[name, "ece"]), 3) for name in ("null", "sparse", "half", "dense")]


def test_cards_show_pictures_and_pages_that_are_there():
    for page in (ROOT / "models").glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists() or not (ROOT / "benchmarks").is_dir(), (
                    page.name,
                    target,
                )
