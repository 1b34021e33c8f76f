"""The benchmarks' tables: what is between the markers is replaced, and nothing else."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "tables.py"


@pytest.fixture(scope="module")
def tables():
    if not SCRIPT.is_file():
        pytest.skip("the benchmarks are not part of this distribution")
    specification = importlib.util.spec_from_file_location("benchmark_tables", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


PAGE = "before\n<!-- a:begin -->\nold\n<!-- a:end -->\nbetween\n<!-- b:begin -->\n<!-- b:end -->\nafter\n"


def test_one_table_is_replaced_and_twice_is_once(tables, tmp_path):
    page = tmp_path / "README.md"
    page.write_text(PAGE, encoding="utf-8")
    tables.refresh(page, "a", "new\n")
    once = page.read_text(encoding="utf-8")
    assert once == PAGE.replace("\nold\n", "\n\nnew\n\n")
    tables.refresh(page, "a", "new")
    assert page.read_text(encoding="utf-8") == once


@pytest.mark.parametrize(
    "text", ["", "<!-- a:begin -->", "<!-- a:end --><!-- a:begin -->", PAGE + PAGE], ids=repr
)
def test_markers_must_be_there_once_and_in_order(tables, tmp_path, text):
    page = tmp_path / "README.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="once each"):
        tables.refresh(page, "a", "new")
    assert page.read_text(encoding="utf-8") == text


def test_a_markdown_table(tables):
    frame = pd.DataFrame({"rule": ["a|b", "c"], "calls": [1, 2], "time": ["3 ms", "4.0 s"]})
    assert tables.markdown(frame).splitlines() == [
        "| rule | calls | time |",
        "| --- | ---: | ---: |",
        "| a\\|b | 1 | 3 ms |",
        "| c | 2 | 4.0 s |",
    ]


def test_the_page_has_a_place_for_every_benchmark(tables):
    page = tables.README.read_text(encoding="utf-8")
    for script in SCRIPT.parent.glob("*.py"):
        if "run_of(" in script.read_text(encoding="utf-8") and script != SCRIPT:
            assert (
                page.count(f"<!-- {script.stem}:begin -->") == page.count(f"<!-- {script.stem}:end -->") == 1
            )


def test_a_small_run_leaves_the_page_alone(tables, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tables, "HERE", tmp_path)
    monkeypatch.setattr(tables, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(PAGE, encoding="utf-8")
    small = tables.run_of("a", "what it does", ["--small"])
    small.publish("table")
    assert small.save(pd.DataFrame({"x": [1 / 3]})).read_text() == "x\n0.333333\n"
    assert (tmp_path / "results" / "small" / "a.csv").is_file()
    assert (tmp_path / "README.md").read_text() == PAGE
    tables.run_of("a", "what it does", []).publish("table")
    assert "\n\ntable\n\n" in (tmp_path / "README.md").read_text()
    assert capsys.readouterr().out == "table\ntable\n"
