"""What of the engine is taken from elsewhere."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from adt_plugins.base.folders import asset

FILES = {
    "litert.js.gz": "litert_wasm_internal.js",
    "litert.wasm.gz": "litert_wasm_internal.wasm",
    "litert-compat.js.gz": "litert_wasm_compat_internal.js",
}
"""What `litert-compat.delta.gz` makes is compared by the front end's own tests."""


@pytest.mark.parametrize("name", FILES)
def test_the_runtime_is_as_it_was_published(front_end: Path, name: str) -> None:
    published = front_end / "node_modules/@litertjs/core/wasm" / FILES[name]
    packed = asset("notebook_ext", f"web-engine/{name}").read_bytes()
    assert gzip.decompress(packed) == published.read_bytes(), (
        "run `npm ci && npm run vendor` in notebook_ext"
    )


def test_the_notice_names_the_version_and_there_is_the_licence(front_end: Path) -> None:
    package = json.loads((front_end / "package.json").read_text(encoding="utf-8"))
    version = package["devDependencies"]["@litertjs/core"]
    folder = asset("notebook_ext", "web-engine")
    notice = " ".join((folder / "NOTICE").read_text(encoding="utf-8").split())
    assert f"LiteRT.js {version} " in notice
    for name in (*FILES, "litert-compat.delta.gz"):
        assert name in notice
    licence = (folder / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence


def test_the_compiled_features_are_small() -> None:
    assert asset("notebook_ext", "web-engine/features.wasm").stat().st_size < 4096
