"""``adt listen``: reports hits while a drummer plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _options
from adt_plugins.cli._command import set_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adt_plugins.annotations import Onset
    from adt_plugins.drums import Drum


@dataclass(frozen=True, kw_only=True)
class ListenOptions:
    """Options of ``adt listen``."""

    source: str | None = None
    model: str | None = None
    drums: tuple[Drum, ...] | None = None
    thresholds: tuple[tuple[Drum, float], ...] = ()
    midi_port: str | None = None
    quiet: bool = False


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "listen",
        description="Listen to a microphone or a pipe, and print each drum hit about"
        " 0.12 s after it was played, as a line of an Audacity label file; or play it"
        " on a MIDI port. Ctrl-C ends it.",
        examples=[
            ("adt listen", "the system's microphone"),
            ("adt listen --midi-port Synth", "trigger a synthesiser"),
            ("arecord -f cd | adt listen -", "WAV from a pipe"),
        ],
    )
    parser.add_argument(
        "source",
        nargs="?",
        metavar="DEVICE",
        help="number or name of an audio input; - for WAV on standard input"
        " (default: the system's input)",
    )
    parser.add_argument("--model", metavar="NAME", help="a model for live input")
    _options.add_drums(parser, "only these drums")
    _options.add_threshold(parser)
    parser.add_argument(
        "--midi-port",
        metavar="NAME",
        help="play the hits on this MIDI port, on channel 10",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print no hits")
    set_command(parser, ListenOptions, run)


def run(options: ListenOptions) -> int:
    """Run the command."""
    from contextlib import ExitStack

    with ExitStack() as open_things:
        play = None
        if options.midi_port is not None:
            from adt_plugins.cli._midi_port import MidiPort

            play = open_things.enter_context(MidiPort(options.midi_port))
        try:
            for onset in _onsets(options, open_things):
                if play is not None:
                    play.hit(onset)
                if not options.quiet:
                    time = f"{onset.time:.6f}"
                    read = _console.say(f"{time}\t{time}\t{onset.drum}")
                    if not read and play is None:  # as behind `head`
                        break
        except KeyboardInterrupt:  # the usual way to stop
            pass
    return 0


def _onsets(options: ListenOptions, open_things: Any) -> Iterator[Onset]:
    from adt_plugins.audio import open_audio
    from adt_plugins.cli._microphone import RATE, Microphone
    from adt_plugins.errors import AudioError
    from adt_plugins.streaming.live import listen_live

    blocks: Any
    rate = RATE
    if options.source == _options.STDIN:
        blocks = open_audio(_console.binary_input())
        if not blocks.is_live:
            raise AudioError(
                "standard input: 'adt listen' takes WAV from a pipe; for a file or"
                " another format, use 'adt transcribe'"
            )
    else:
        _check_no_file(options.source)
        blocks = open_things.enter_context(Microphone(options.source))
    return listen_live(
        blocks,
        rate,
        model=options.model,
        drums=options.drums,
        thresholds=dict(options.thresholds),
    )


def _check_no_file(source: str | None) -> None:
    import os

    from adt_plugins.errors import AudioError

    path = source or ""
    if os.path.exists(path) and not os.path.isdir(path):  # noqa: PTH110, PTH112
        raise AudioError(
            f"{source}: is a file, not an audio input; 'adt transcribe' reads files,"
            " and 'adt listen -' a pipe"
        )
