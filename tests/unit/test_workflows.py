"""The hosted workflows: least permissions, pinned actions, no pasted values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import adt_plugins

ROOT = next(
    folder for folder in Path(__file__).parents if (folder / "pyproject.toml").exists()
)
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

# What a job may do beyond reading the sources, and why it has to.
WRITES = {
    ("docs", "publish"): {"pages", "id-token"},
    ("release", "attest"): {"id-token", "attestations"},
    ("release", "publish"): {"id-token"},
    ("release", "page"): {"contents"},
}
PINNED = re.compile(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40}")


def complaints(name: str, text: str) -> Iterator[str]:
    """Return what a workflow does although no workflow may."""
    workflow: dict[Any, Any] = yaml.safe_load(text)
    if workflow.get("permissions") != {}:
        yield "grants permissions to all of its jobs"
    # YAML 1.1 takes the key "on" for a truth value.
    triggers = workflow.get("on", workflow.get(True, {}))
    if {"pull_request_target", "workflow_run"} & set(triggers):
        yield "runs what a stranger sent, with the rights of the project"
    for job_name, job in workflow["jobs"].items():
        granted = job.get("permissions", {})
        if not isinstance(granted, dict):
            yield f"{job_name} has permissions {granted!r}"
            granted = {}
        writes = {scope for scope, right in granted.items() if right == "write"}
        if writes - WRITES.get((name, job_name), set()):
            yield f"{job_name} may write {writes}"
        if "timeout-minutes" not in job:
            yield f"{job_name} has no time limit"
        for step in job["steps"]:
            yield from _complaints_of_step(job_name, step)
            installs = "pip install" in step.get("run", "")
            if installs and writes:
                yield f"{job_name} may write {writes}, and runs code of packages"
    for line in text.splitlines():
        if re.match(r"\s*(- )?uses:", line) and not re.search(
            r" # v\d+\.\d+\.\d+$", line
        ):
            yield f"no comment tells the version of {line.strip()}"


def _complaints_of_step(job: str, step: dict[str, Any]) -> Iterator[str]:
    uses = step.get("uses", "")
    if uses and not PINNED.fullmatch(uses):
        yield f"{job} uses {uses}, which can change"
    if "${{" in step.get("run", ""):
        yield f"{job} pastes a value into a shell line: {step['run']}"
    options = step.get("with", {})
    keeps_token = options.get("persist-credentials") is not False
    if uses.startswith("actions/checkout@") and keeps_token:
        yield f"{job} leaves its token in the checkout"
    if any(
        "secrets." in str(value)
        for value in {**options, **step.get("env", {})}.values()
    ):
        yield f"{job} uses a stored secret"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_workflow_keeps_the_rules(path: Path) -> None:
    assert list(complaints(path.stem, path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("permissions: {}\n", "", "to all of its jobs"),
        ("permissions: {}\n", "permissions: write-all\n", "to all of its jobs"),
        ("contents: read", "contents: write", "may write"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "can change"),
        (" # v7.0.1", "", "tells the version"),
        ('"$TAG" release', '"${{ github.ref_name }}" release', "pastes a value"),
        ("persist-credentials: false", "persist-credentials: true", "its token"),
        ("    timeout-minutes: 20\n", "", "no time limit"),
        ("GH_TOKEN: ${{ github.token }}", "GH_TOKEN: ${{ secrets.T }}", "secret"),
        (
            "      - run: >-\n",
            "      - run: pip install x\n      - run: >-\n",
            "runs code",
        ),
        ('  push:\n    tags: ["v*"]\n', "  pull_request_target:\n", "stranger"),
    ],
)
def test_each_rule_is_noticed(old: str, new: str, complaint: str) -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert old in text
    changed = text.replace(old, new, 1)
    assert any(complaint in text for text in complaints("release", changed))


def test_one_action_has_one_version() -> None:
    """Also where dependabot has changed only one of two places."""
    text = "".join(path.read_text(encoding="utf-8") for path in FILES)
    pins = set(re.findall(r"uses: (\S+@\S+) # (\S+)", text))
    assert len(pins) == len({pin.partition("@")[0] for pin, _ in pins})


def test_the_supported_versions_of_python_are_the_same_everywhere() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    classified = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    matrix = yaml.safe_load(text)["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == classified
    assert f'requires-python = ">={classified[0]}"' in project


def test_the_release_is_what_the_script_builds() -> None:
    """Whatever is published, a reader can build with `.ci/release`."""
    script = (ROOT / ".ci" / "release").read_text(encoding="utf-8")
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    for name in ("dist", "drums.html", "docs.tar.gz", "sbom.cdx.json", "SHA256SUMS"):
        assert f"release/{name}" in text
        assert f"$out/{name}" in script
    pins = (ROOT / ".ci" / "release-requirements.txt").read_text(encoding="utf-8")
    packages = re.findall(r"^([\w.-]+)==", pins, re.M)
    assert {"build", "hatchling", "cyclonedx-bom"} <= set(packages)
    assert pins.count("--hash=sha256:") >= len(packages)


def test_the_version_has_a_section_in_the_changelog() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(adt_plugins.__version__)}\b", changes, re.M)


def test_the_address_of_the_project_is_the_same_everywhere() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (source,) = re.findall(r'^Source = "(.*)"$', project, re.M)
    (site,) = re.findall(r'^Documentation = "(.*)"$', project, re.M)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["repository-code"] == source
    assert citation["version"] == adt_plugins.__version__
    assert citation["license"] == "BSD-3-Clause"
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert f"site_url: {site}\n" in settings
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for address in re.findall(r"https://[\w.-]*adt-plugins[^\s)\"]*", readme):
        assert address.startswith((source, site))
