"""The notebooks run from top to bottom, and what is shown was made from the source beside it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
SOURCES = sorted(FOLDER.glob("*.py"))


def code_cells(source):
    """The code of a percent-format script, a string a cell."""
    cells = source.read_text(encoding="utf-8").split("\n# %%")[1:]
    return [c.split("\n", 1)[1].strip() for c in cells if not c.startswith(" [markdown]")]


def test_there_are_notebooks():
    assert SOURCES


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_the_source_runs(source, tmp_path):
    environment = os.environ | {"BAYESCOV_QUICK": "1", "MPLBACKEND": "Agg", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-W", "ignore", str(source)]
    result = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600
    )
    assert result.returncode == 0, result.stderr[-3000:]


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_the_rendered_notebook_shows_this_source_without_an_error(source):
    rendered = source.with_suffix(".ipynb")
    assert rendered.stat().st_size < 1_000_000
    cells = [c for c in json.loads(rendered.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    assert ["".join(c["source"]).strip() for c in cells] == code_cells(source)
    outputs = [o for c in cells for o in c["outputs"]]
    assert len(outputs) > 5
    assert not [o for o in outputs if o["output_type"] == "error"]
    assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
