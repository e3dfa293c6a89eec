"""``adt models``: lists the networks, and verifies their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from adt_plugins.cli import _console, _options
from adt_plugins.cli._command import set_command

if TYPE_CHECKING:
    from adt_plugins.card import ModelCard


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """Options of ``adt models list``."""

    report: Literal["json"] | None = None


@dataclass(frozen=True, kw_only=True)
class ShowOptions:
    """Options of ``adt models show``."""

    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class VerifyOptions:
    """Options of ``adt models verify``."""

    models: tuple[str, ...] = ()


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "models",
        examples=[
            ("adt models list", "all of them"),
            ("adt models show", "the card of the default"),
            ("adt models verify", "check that their files are intact"),
        ],
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the networks")
    _options.add_json_report(listing)
    set_command(listing, ListOptions, run_list)
    showing = actions.add_parser("show", help="print the model card of a network")
    showing.add_argument(
        "model", nargs="?", metavar="NAME", help="default: the default model"
    )
    set_command(showing, ShowOptions, run_show)
    verifying = actions.add_parser(
        "verify", help="compare network files with the hashes in their cards"
    )
    verifying.add_argument("models", nargs="*", metavar="NAME", help="default: all")
    set_command(verifying, VerifyOptions, run_verify)


def run_list(options: ListOptions) -> int:
    """Print a line for each network."""
    from adt_plugins.network.catalogue import list_models
    from adt_plugins.network.litert import backend

    cards = list_models()
    if options.report == "json":
        _console.say_json([_summary(card) for card in cards])
        return 0
    width = max((len(card.name) for card in cards), default=0)
    for card in cards:
        drums = " ".join(card.drums)
        _console.say(f"{card.name:{width}}  {drums}  {card.description}".rstrip())
    _console.say(f"run by {backend()}")
    return 0


def run_show(options: ShowOptions) -> int:
    """Print a card as it is in its file."""
    from adt_plugins.network.catalogue import find_model

    _console.say_lines(find_model(options.model).to_json().rstrip("\n"))
    return 0


def run_verify(options: VerifyOptions) -> int:
    """Open each network, which compares its hash and its shapes."""
    from adt_plugins.errors import AdtError
    from adt_plugins.network.catalogue import find_model, list_models
    from adt_plugins.network.causal import CausalNetwork
    from adt_plugins.network.inference import Network
    from adt_plugins.picking.fine_drums import FineDrumModel

    failed = False
    cards = [find_model(name) for name in options.models] or list_models()
    for card in cards:
        try:
            if card.look_ahead is None:
                Network(card)
            else:
                CausalNetwork(card)
            if card.finer is not None:
                FineDrumModel.of(card)
        except AdtError as error:
            failed = True
            _console.complain(str(error))
        else:
            _console.say(f"{card.name}: {card.file} is intact")
    return int(failed)


def _summary(card: ModelCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "description": card.description,
        "licence": card.licence,
        "drums": list(card.drums),
        "sha256": card.sha256,
        "measured": dict(card.measured),
        "card": None if card.path is None else str(card.path),
    }
