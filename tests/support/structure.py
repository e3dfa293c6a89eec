"""The structure of the package, in numbers: rooms, circles, imports that run up.

For any checkout, so that two can be compared (needs import-linter)::

    python -m tests.support.structure [FOLDER]
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

PACKAGE = "adt_plugins"
DOOR = frozenset(
    (f"{PACKAGE}.transcription", f"{PACKAGE}.{name}")
    for name in ("formats", "plot", "notebook", "notebook.widget")
)
"""The one way up that is meant: the methods of `Transcription` for notebooks."""

ENTRIES = (
    "audacity.request_folder",
    "audacity.exchange",
    "audacity.autostart",
    "activations",
    "batch.manifest",
    "midi.writer",
    "formats._smf_writer",
    "midi.tempo_map",
    "tempo_map",
    "formats.midi",
    "formats.audacity_project",
    "network.inference",
    "network",
    "cli",
)
"""Modules, under today's names and former ones, that are loaded on their own."""


def layers() -> list[list[str]]:
    """Return the rooms of each layer, from the top, as import-linter holds them."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.partition("\nlayers = [")[2].partition("\n]")[0]
    lines = filter(None, (line.strip().rstrip(",") for line in block.splitlines()))
    return [ast.literal_eval(line).split(" | ") for line in lines]


def modules(root: Path) -> dict[str, Path]:
    """Return the path of each module by its dotted name."""
    groups = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        groups[name] = path
    return groups


def imports(root: Path) -> dict[str, set[str]]:
    """Return what each module imports of the package, inside functions too."""
    paths = modules(root)
    return {name: set(_imported(name, path, paths)) for name, path in paths.items()}


def _imported(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names if item.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                outer = parts[: len(parts) - node.level + 1]
                base = ".".join([*outer, base] if base else outer)
            for item in node.names:
                whole = f"{base}.{item.name}"
                if whole in known:
                    yield whole
                elif base in known and base != PACKAGE:
                    yield base


def without_the_door(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leave out what the methods of `Transcription` for notebooks import."""
    return {
        source: {target for target in targets if (source, target) not in DOOR}
        for source, targets in graph.items()
    }


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in graph[node]:
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group: list[str] = []
            while not group or group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                groups.append(sorted(group))

    for node in graph:
        if node not in index:
            visit(node)
    return groups


def running_up(graph: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Return the imports from a lower room to a higher one, or to a neighbour."""
    floor = {room: n for n, layer in enumerate(layers()) for room in layer}
    return [
        (source, target)
        for source, targets in sorted(graph.items())
        for target in sorted(targets)
        for here, there in [(_room(source), _room(target))]
        if here != there
        and here in floor
        and there in floor
        and floor[there] <= floor[here]
    ]


def is_private(module: str) -> bool:
    """Whether the name of a module begins with an underscore; ``__main__`` is none."""
    name = module.rpartition(".")[2]
    return name.startswith("_") and not name.startswith("__")


def private_from_outside(graph: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Return imports of modules with an underscore from outside their folder."""
    return [
        (source, target)
        for source, targets in sorted(graph.items())
        for target in sorted(targets)
        if is_private(target) and not source.startswith(target.rpartition(".")[0])
    ]


def loaded(root: Path, entry: str) -> list[str]:
    """Return the modules of the package that importing one of them loads."""
    code = (
        f"import sys, {PACKAGE}.{entry}\n"
        f"print(*(n for n in sys.modules if n.partition('.')[0] == {PACKAGE!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def _room(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def main() -> None:
    """Print the numbers of a checkout."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    paths, whole = modules(root), imports(root)
    graph = without_the_door(whole)
    ground = [name for name, path in paths.items() if path.parent == root / PACKAGE]
    print(f"modules: {len(paths)}, on the ground floor: {len(ground)}")
    groups = circles(graph)
    print(f"circles: {len(groups)}, of modules: {[len(group) for group in groups]}")
    unknown = {_room(name) for name in paths} - {r for rooms in layers() for r in rooms}
    print(f"imports that run up: {len(running_up(graph))}")
    doors = len(running_up(whole)) - len(running_up(graph))
    print(f"besides, methods of Transcription for notebooks: {doors}")
    print(f"rooms outside the layers: {len(unknown - {''})}")
    private = private_from_outside(graph)
    print(f"imports of private modules from outside their folder: {len(private)}")
    for entry in ENTRIES:
        if f"{PACKAGE}.{entry}" in paths:
            print(f"loaded by {entry}: {len(loaded(root, entry))}")


if __name__ == "__main__":
    main()
