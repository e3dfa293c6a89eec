"""The front end's own tests, and the bundle that is committed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adt_plugins.base.folders import asset
from tests.support.front_end import SOURCES, run
from tests.support.notebook import make_fixtures

MOST_BYTES = {
    "widget.js": 80 * 1024,
    "extras.js": 96 * 1024,
    "page.js": 186 * 1024,  # notation is in it, and what writes and opens files
}
BUNDLES = tuple(MOST_BYTES)


def test_the_bundle_is_what_the_sources_build(front_end: Path) -> None:
    built = front_end / "built"
    run(["node", "build.mjs", str(built)], front_end)
    names = {path.relative_to(built) for path in built.rglob("*") if path.is_file()}
    assert {Path(name) for name in (*BUNDLES, "web.js")} <= names
    for name in names:
        committed = asset("notebook_ext", name.as_posix())
        assert (built / name).read_bytes() == committed.read_bytes(), (
            f"{name}: run `npm ci && npm run build` in notebook_ext"
        )


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_bundle_is_small_and_fits_into_a_page(bundle: str) -> None:
    content = asset("notebook_ext", bundle).read_text(encoding="utf-8")
    assert len(content.encode()) <= MOST_BYTES[bundle]
    assert "</script" not in content
    assert "<!--" not in content


def test_the_types_are_right(front_end: Path) -> None:
    run(["npm", "run", "types"], front_end)


def made_by(expression: str, folder: Path) -> str:
    """Return what a script would write, run in a copy of the sources."""
    module = expression.partition(".")[0]
    return subprocess.run(
        [sys.executable, "-c", f"import {module}; print({expression}, end='')"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(folder), str(SOURCES.parent)]),
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout


def test_glyphs_are_those_of_the_font(front_end: Path) -> None:
    pytest.importorskip("fontTools")
    glyphs = SOURCES / "src" / "engraving" / "glyphs.ts"
    made = made_by("make_glyphs.glyphs()", front_end)
    assert made == glyphs.read_text(encoding="utf-8"), (
        "run `npm ci`, then `python notebook_ext/make_glyphs.py`"
    )
    licence = front_end / "node_modules/@vexflow-fonts/bravura/LICENSE.txt"
    ours = asset("notebook_ext", "bravura-OFL.txt")
    assert ours.read_text(encoding="utf-8") == licence.read_text(encoding="utf-8")


def test_tables_are_those_of_python() -> None:
    made = made_by("make_tables.tables()", SOURCES)
    committed = (SOURCES / "src" / "core" / "tables.ts").read_text(encoding="utf-8")
    assert made == committed, "run `python notebook_ext/make_tables.py`"


def test_lint_and_format(front_end: Path) -> None:
    run(["npm", "run", "lint"], front_end)


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ({"src/core/up.ts": "../view/dom"}, "Imports go down"),
        ({"src/view/up.ts": "../hosts/notebook"}, "Imports go down"),
        ({"src/engraving/up.ts": "../view/dom"}, "Imports go down"),
        ({"src/notation-view/up.ts": "../hosts/page"}, "Imports go down"),
        ({"web/engine/up.ts": "../page/zip"}, "Imports go down"),
        ({"src/core/a.ts": "./b", "src/core/b.ts": "./a"}, "noImportCycles"),
    ],
)
def test_imports_that_run_up_or_round_fail(
    front_end: Path, planted: dict[str, str], rule: str
) -> None:
    try:
        for name, target in planted.items():
            text = (
                f'import type * as up from "{target}";\n\nexport type Up = typeof up;\n'
            )
            (front_end / name).write_text(text, encoding="utf-8")
        with pytest.raises(AssertionError, match=rule):
            run(["npm", "run", "lint"], front_end)
    finally:
        for name in planted:
            (front_end / name).unlink()


def test_the_modules(front_end: Path, tmp_path: Path) -> None:
    fixtures = tmp_path / "fixtures.json"
    fixtures.write_text(json.dumps(make_fixtures.fixtures()), encoding="utf-8")
    printed = run(
        ["npm", "test"], front_end, ADT_FIXTURES=str(fixtures), NO_COLOR="1"
    )  # fmt: skip
    counted = re.search(r"Tests +(\d+) passed \((\d+)\)", printed)
    assert counted is not None, printed
    assert counted[1] == counted[2]
    assert int(counted[1]) >= 25


def test_versions_are_pinned_and_no_registry_is_named() -> None:
    package = json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))
    for name, version in package["devDependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
    assert "dependencies" not in package
    lock = (SOURCES / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert "://registry" not in lock
