"""The example notebooks run from the first cell to the last."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription
from tests.support.paths import EXAMPLES

NOTEBOOKS = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"


def run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Execute a notebook in a copy of the folder of examples."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES.parent))
    monkeypatch.setenv("IPYTHONDIR", str(folder / ".ipython"))
    for path in EXAMPLES.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    options = {"resources": {"metadata": {"path": str(folder)}}, "timeout": 120}
    nbclient.NotebookClient(notebook, **options).execute()
    return notebook


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = run(name, tmp_path, monkeypatch)
    shown = [
        output.data
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    assert any(WIDGET in data for data in shown)
    texts = " ".join(data.get("text/plain", "") for data in shown)
    if name == "correct-a-song":
        saved = Transcription.read(tmp_path / "groove.corrected.drums.json")
        assert saved.times("CRC").tolist() == [7.02]
        labels = Transcription.read(tmp_path / "groove.corrected.labels.txt")
        assert len(labels) == len(saved)
        assert (tmp_path / "groove.corrected.drums.html").stat().st_size > 400_000
    elif name == "folder-to-table":
        lines = (tmp_path / "hits.csv").read_text(encoding="utf-8").splitlines()
        assert len(lines) > 100
        assert lines[0].startswith("song,hit,time,drum")
    else:
        assert "0.9" in texts  # the F-measure


def test_they_are_committed_without_outputs() -> None:
    assert len(NOTEBOOKS) == 4
    for name in NOTEBOOKS:
        text = (EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")
        assert '"output_type"' not in text
        assert '"execution_count": null' in text
