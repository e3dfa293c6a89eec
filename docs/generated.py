"""Tables of the documentation that the package itself knows, written into its pages.

A page says ``<!-- generated: NAME -->``; the function of that name below returns what
stands there instead when MkDocs builds the site, so that no table can fall behind.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import adt_plugins
from adt_plugins import formats
from adt_plugins.cli import build_parser
from adt_plugins.drums import Drum

ROOT = Path(__file__).resolve().parent.parent
_MARK = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill the marks of a page; MkDocs calls this for each."""
    return _MARK.sub(lambda mark: GENERATED[mark[1]](), markdown)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _escape(text: str) -> str:
    """Text that Markdown leaves as it is, on one line of a table."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", " ".join(text.split()))


def command_line() -> str:
    """Every command with its options, from the parser."""
    return "\n\n".join(_command(build_parser(), ()))


def _command(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[str]:
    if path:
        yield f"{'#' * (len(path) + 1)} adt {' '.join(path)}"
    if parser.description:
        yield _escape(parser.description)
    children = [
        action
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    if not children:
        yield f"```text\n{_usage(parser)}\n```"
    for group in parser._action_groups:
        rows = [
            (_names(action), _escape(_help(action)))
            for action in group._group_actions
            if action.help is not argparse.SUPPRESS
            and not isinstance(action, argparse._HelpAction)
            and action not in children
        ]
        if rows:
            title = group.title or ""
            yield _table((title[:1].upper() + title[1:], ""), rows)
    for action in children:
        for name, child in action.choices.items():
            yield from _command(child, (*path, name))


def _usage(parser: argparse.ArgumentParser) -> str:
    """A short line: the options stand below in full."""
    positional = [action for action in parser._actions if not action.option_strings]
    required = [
        action
        for action in parser._actions
        if action.option_strings and action.required
    ]
    words = [parser.prog, "[OPTIONS]"]
    words += [f"{a.option_strings[0]} {_metavar(a)}".strip() for a in required]
    for action in positional:
        name = _metavar(action)
        repeated = f"{name} [{name} ...]" if action.nargs == "+" else name
        words.append(f"[{name} ...]" if action.nargs == "*" else repeated)
    return " ".join(words)


def _metavar(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices and action.metavar is None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    given = action.metavar or (
        action.dest.upper() if action.option_strings else action.dest
    )
    return given if isinstance(given, str) else " ".join(given)


def _names(action: argparse.Action) -> str:
    names = action.option_strings or [""]
    value = _metavar(action)
    shown = [f"{name} {value}".strip() for name in names]
    return "<br>".join(f"`{text}`" for text in shown)


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


def format_table() -> str:
    """All formats, from the registry."""
    rows = []
    for form in formats.FORMATS.values():
        ways = [way for way in ("read", "write") if getattr(form, way)]
        rows.append(
            (
                f"`{form.id}`",
                f"`song{form.suffix}`",
                _escape(form.description),
                " and ".join(ways),
                ", ".join(form.needs),
            )
        )
    return _table(("`--format`", "file", "what it is", "", "needs"), rows)


def drum_table() -> str:
    """All drums with their default notes."""
    rows = []
    for drum in Drum:
        coarse = "" if drum.coarse is drum else f"`{drum.coarse}`"
        rows.append((f"`{drum}`", drum.full_name, coarse, str(drum.note)))
    return _table(("code", "name", "kind of", "note"), rows)


def python_names() -> str:
    """The public names of the package, with their docstrings."""
    functions, classes = ["## Functions"], ["## Classes"]
    for name in adt_plugins.__all__:
        if name.startswith("_"):
            continue
        value = getattr(adt_plugins, name)
        place = f"{value.__module__}.{value.__qualname__}"
        renamed = (
            "" if value.__name__ == name else f"`{name}` is short for `{place}`.\n\n"
        )
        block = (
            f"{renamed}::: {place}\n"
            f"    options:\n      heading: {name}\n      toc_label: {name}"
        )
        (classes if inspect.isclass(value) else functions).append(block)
    return "\n\n".join([*functions, *classes])


def floors() -> str:
    """The contract of import-linter, highest floor first, with what each room is."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    contract = re.search(
        r'"Imports go down only".*?layers = \[(.*?)\n\]', project, re.S
    )
    if contract is None:
        raise ValueError("pyproject.toml has no contract 'Imports go down only'")
    layers = re.findall(r'"(.*)"', contract[1])
    numbers = range(len(layers), 0, -1)
    rows = [
        (str(number), f"`{room}`", *_room(room))
        for number, layer in zip(numbers, layers, strict=True)
        for room in layer.split(" | ")
    ]
    return _table(("floor", "room", "what it is", "modules"), rows)


def _room(name: str) -> tuple[str, str]:
    """First line of the docstring of a room, and the modules in it."""
    folder = ROOT / "adt_plugins" / name
    if not folder.is_dir():
        return _summary(folder.with_suffix(".py")), ""
    inside = sorted(folder.iterdir(), key=lambda path: path.name.lstrip("_"))
    modules = [f"`{path.stem}`" for path in inside if _is_module(path)]
    modules += [f"`{path.name}/`" for path in inside if (path / "__init__.py").exists()]
    return _summary(folder / "__init__.py"), " ".join(modules)


def _is_module(path: Path) -> bool:
    return path.suffix == ".py" and path.stem != "__init__"


def _summary(path: Path) -> str:
    documented = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return _escape(documented.partition("\n\n")[0].replace("``", "").rstrip("."))


def model_card() -> str:
    """The card of the shipped model."""
    card = (ROOT / "models" / "drums.json").read_text(encoding="utf-8")
    return f"```json\n{json.dumps(json.loads(card), indent=1, ensure_ascii=False)}\n```"


def _included(name: str) -> Callable[[], str]:
    def text() -> str:
        content = (ROOT / name).read_text(encoding="utf-8")
        return content.partition("\n")[2]  # the page has a title of its own

    return text


GENERATED: dict[str, Callable[[], str]] = {
    "command-line": command_line,
    "formats": format_table,
    "drums": drum_table,
    "floors": floors,
    "python": python_names,
    "model-card": model_card,
    "experiments": _included("models/EXPERIMENTS.md"),
    "changes": _included("CHANGELOG.md"),
}
