"""Rules for every page of the documentation, checked without running it."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from adt_plugins.base.folders import asset
from adt_plugins.base.hashing import sha256
from tests.support.paths import GROOVE, ROOT
from tests.support.snippets import NEEDS, PAGES, README, blocks, name

ALL = [README, *PAGES]
IMAGES = ROOT / "docs" / "images"
ARCHITECTURE = ROOT / "docs" / "explanation" / "architecture.md"
DEVELOPERS = [ARCHITECTURE, *(ROOT / "docs" / "contributing").glob("*.md")]
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ALL, ids=name)
def test_every_block_is_of_a_kind_that_is_run_or_read(page: Path) -> None:
    snippets = blocks(page)
    assert _text(page).count("\n```") == 2 * len(snippets)
    for block in snippets:
        assert block.language in ("sh", "python", "json", "text"), block
        assert block.needs in NEEDS, block
        if block.language == "text":  # else it were never run
            assert not block.content.startswith("adt ") or "contributing" in name(page)


@pytest.mark.parametrize("page", ALL, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", _text(page), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert "://" in target or (page.parent / target).exists(), target


def test_every_page_is_in_the_navigation() -> None:
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))[
        "nav"
    ]
    listed = set(re.findall(r"[\w/-]+\.md", str(navigation)))
    assert listed == {page.relative_to(ROOT / "docs").as_posix() for page in PAGES}


def test_the_readme_is_a_start_page() -> None:
    assert len(_text(README).splitlines()) <= 150


def test_every_extra_is_explained() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = re.search(
        r"^\[project.optional-dependencies\]\n(.*?)^\[", project, re.M | re.S
    )
    assert section is not None
    extras = set(re.findall(r"^([\w-]+) = ", section[1], re.M))
    assert {"train", "test", "madmom"} <= extras
    page = _text(ROOT / "docs" / "how-to" / "install.md")
    assert set(re.findall(r"^\| `([\w-]+)` \|", page, re.M)) == extras


@pytest.mark.parametrize("page", sorted(DEVELOPERS), ids=name)
def test_files_that_developers_are_sent_to_exist(page: Path) -> None:
    text = _text(page)
    made = {block.file for block in blocks(page)}
    folders = "adt_plugins|tests|notebook_ext|models|benchmarks|docs|audacity"
    for path in re.findall(rf"`((?:{folders})/[\w/.-]+)`", text):
        assert path in made or any(ROOT.glob(path)), path


def test_names_in_the_architecture_exist() -> None:
    text = _text(ARCHITECTURE)
    rooms = {path.stem for path in (ROOT / "adt_plugins").iterdir()}
    names = {
        word
        for word in re.findall(r"`([a-z_]+(?:\.\w+)+)`", text)
        if word.split(".")[0] in rooms
    }
    assert len(names) > 10
    for word in names:
        assert _resolves(f"adt_plugins.{word}"), word


def _resolves(dotted: str) -> bool:
    module, _, attribute = dotted.rpartition(".")
    try:
        import_module(dotted)
    except ImportError:
        return hasattr(import_module(module), attribute)
    return True


def test_the_walk_of_a_song_has_at_most_ten_steps() -> None:
    text = _text(ARCHITECTURE)
    walk = text.partition("## A song walks through the code")[2].partition("\n## ")[0]
    assert 5 < len(re.findall(r"^\d+\. ", walk, re.M)) <= 10


def test_pictures_show_the_model_and_the_example_as_they_are() -> None:
    notes = json.loads(_text(IMAGES / "made-from.json"))
    assert set(notes) == {path.name for path in IMAGES.glob("*.png")}
    shown = {
        "model": sha256(asset("models", "drums.tflite")),
        "example": sha256(GROOVE),
    }
    old = [picture for picture, made_from in notes.items() if made_from != shown]
    assert not old, "run python -m tests.support.make_pictures"


def test_every_picture_is_shown() -> None:
    for path in IMAGES.glob("*.png"):
        assert any(path.name in _text(page) for page in ALL), path.name


def test_ci_builds_the_site_and_refuses_warnings() -> None:
    assert "\nmkdocs build --strict " in CI
