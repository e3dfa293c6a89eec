"""Rhythm games: a folder that Clone Hero and YARG open, with Pro Drums."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from adt_plugins.annotations import Beat, Onset
from adt_plugins.base.files import decode, read_bytes
from adt_plugins.base.reporting import NoHitLost, Warn, about
from adt_plugins.errors import FormatError
from adt_plugins.formats.chart.chart_midi import chart_midi, read_midi
from adt_plugins.formats.chart.chart_text import (
    Chart,
    chart_text,
    clock_of,
    read_chart,
)
from adt_plugins.formats.chart.game_folder import filling, make_levels, without
from adt_plugins.formats.chart.game_sound import write_separated, write_song
from adt_plugins.formats.chart.packages import MAGIC, read_package
from adt_plugins.formats.chart.pads import RED, Kit, drum_of
from adt_plugins.formats.chart.song_ini import SongIni, ini_of, read_ini
from adt_plugins.formats.notation.part import make_part
from adt_plugins.formats.notation.sections import section_names
from adt_plugins.formats.song_names import song_names
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.meter import Meter, MeterChange, meter_changes
from adt_plugins.midi.beats import MOST_BEATS_OF_FILE
from adt_plugins.midi.song_files import tempo_maps
from adt_plugins.recording import source_audio
from adt_plugins.transcription import Transcription

_PURPOSES = {
    "song.ini": "what the game shows of the song",
    "notes.chart": "for Clone Hero and YARG, which open the folder",
    "notes.mid": "the same notes, for games that read MIDI",
    "song.opus": "the sound",
    "drums.opus": "its drums, which the game mutes when they are missed",
}
FILES = tuple(_PURPOSES)
_NAMES = ("notes.chart", "notes.mid")

# Other instruments may come before the drums.
_GAME_TRACK = re.compile("PART (DRUM|REAL_DRUMS|GUITAR|BASS|RHYTHM|KEYS|VOCALS)")
_FINEST_BEAT = 32
_BARS_OF_SECTION = 8
_UNKNOWN = "Unknown Artist"


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    audio: Any = None,
    drumless: bool = False,
) -> list[Path]:
    """Write the folder: ``song.ini``, ``notes.chart``, ``notes.mid``, ``song.opus``.

    Both charts hold the same notes, of which a game reads one. What has no pad, a pedal
    hat, and what would take a third hand is left out, with a warning.

    Parameters
    ----------
    transcription, path, overwrite, warn
        See `adt_plugins.formats.write`; `path` is the folder.
    audio
        See `adt_plugins.formats.click.write`.
    drumless
        Whether the drums are in a file of their own, ``drums.opus``, and the rest in
        ``song.opus``: about a quarter of the song's length of work.
    """
    source = source_audio(transcription) if audio is None else audio
    timing, _ = tempo_maps(transcription)
    levels = make_levels(transcription, timing, path, warn, place="pad")
    sections = _sections(transcription)
    names = song_names(transcription, path)
    tags = {"name": names.title, "artist": names.artist or _UNKNOWN}
    more = {key: getattr(names, key) for key in ("album", "genre", "year")}
    contents = {
        "notes.chart": chart_text(
            levels, timing, clock_of(timing), tags, sections
        ).encode(),
        "notes.mid": chart_midi(levels, timing, names.title, sections),
    }
    targets = [path / name for name in (FILES if drumless else FILES[:-1])]
    with (
        without(() if drumless else [path / FILES[-1]], overwrite=overwrite),
        filling(path, *targets, overwrite=overwrite) as drafts,
    ):
        by_name = {
            place.name: draft for place, draft in zip(targets, drafts, strict=True)
        }
        song = by_name["song.opus"]
        if drumless:
            drums = by_name["drums.opus"]
            seconds = write_separated(transcription, source, song, drums, "OPUS")
        else:
            seconds = write_song(source, song, "OPUS")
        contents["song.ini"] = _ini({**tags, **more}, seconds).encode()
        for name, data in contents.items():
            by_name[name].write_bytes(data)
    return targets


def _sections(transcription: Transcription) -> list[tuple[float, str]]:
    """Return where the groove changes or, where it never does, every eighth bar."""
    part = make_part(transcription)
    names = section_names(part.sections)
    if not names:
        names = {
            place: f"Bar {bar.number}"
            for place, bar in enumerate(part.bars)
            if bar.number > 0 and bar.number % _BARS_OF_SECTION == 1
        }
    return [
        (max(part.bars[place].beats[0].time, 0.0), name)
        for place, name in names.items()
    ]


def _ini(tags: dict[str, str], seconds: float) -> str:
    lines = {
        **tags,
        "charter": "adt-plugins",
        "pro_drums": "True",
        "five_lane_drums": "False",
        "diff_drums": "-1",
        "song_length": str(round(1000 * seconds)),
    }
    return "[song]\r\n" + "".join(f"{k} = {v}\r\n" for k, v in lines.items() if v)


def read(path: Path, *, warn: Warn) -> Transcription:
    """Read the drums of ``notes.chart`` or ``notes.mid``.

    `path` is one of them, or a folder or ``.sng`` package with one.

    Of the levels the highest counts, and every kick. Accents and ghost notes become
    velocities; a flam is one hit. Times are those of the sound: a ``delay`` in
    ``song.ini`` beside the chart counts, or the chart's own ``Offset``.

    Raises
    ------
    FormatError
        If it is no chart, or has no drums.
    """
    path, data, ini = _content(path)
    is_midi = data.startswith(b"MThd")
    chart = read_midi(data) if is_midi else read_chart(_text(data))
    for line in chart.damage:
        warn(f"{path}: is damaged, and was read up to the damage: {line}")
    if not chart.notes:
        raise FormatError("a chart without drums")
    later, kit = ini.delay_s or chart.later, ini.kit or chart.kit
    # In the MIDI form what is not marked is a cymbal.
    if kit is Kit.PLAIN and not is_midi and any(n.pad > RED for n in chart.notes):
        warn(
            NoHitLost(
                f"{path}: does not tell cymbals from toms; yellow, blue and green were"
                " read as hi-hat, ride and crash"
            )
        )
    onsets, unknown, early = [], 0, EarlyLabels("hits")
    for note in chart.notes:
        drum = drum_of(note.pad, kit, cymbal=note.cymbal)
        if drum is None:
            unknown += 1
        else:
            time, _ = early.place(chart.clock.seconds(note.tick) + later)
            if time >= 0:
                onsets.append(Onset(time, drum, note.velocity))
    if unknown:
        warn(f"{path}: {unknown} notes on pads that are not known were left out")
    early.tell(about(path, warn))
    beats, meters = _beats(chart, later, warn, path)
    return Transcription(onsets=tuple(onsets), beats=beats, meters=meters)


def _content(path: Path) -> tuple[Path, bytes, SongIni]:
    """Return the path of a chart, its content, and the tags of its song."""
    if path.is_dir():
        text = _inside(path, _NAMES[0])
        path = text if text.exists() else _inside(path, _NAMES[1])
    if read_bytes(path, len(MAGIC)) == MAGIC:
        data, tags = read_package(path, *_NAMES)
        return path, data, ini_of(tags)
    data = read_bytes(path)
    beside = _inside(path.parent, "song.ini")
    ini = read_ini(_text(read_bytes(beside))) if beside.is_file() else SongIni()
    return path, data, ini


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a file, also if its name has other capitals."""
    path = folder / name
    if path.exists():
        return path
    with suppress(OSError):
        matches = (p for p in sorted(folder.iterdir()) if p.name.lower() == name)
        return next(matches, path)
    return path


def _text(data: bytes) -> str:
    try:
        return decode(data)
    except FormatError:  # by an editor that knows no Unicode
        return data.decode("cp1252", "replace")


def _beats(
    chart: Chart, later: float, warn: Warn, path: Path
) -> tuple[tuple[Beat, ...], tuple[MeterChange, ...]]:
    """Return the beats up to the last note, by the time signatures, and these."""
    last = max(note.tick for note in chart.notes)
    beats: list[Beat] = []
    changes: dict[int, Meter] = {}
    resolution = chart.clock.resolution
    for index, (start, upper, lower) in enumerate(chart.signatures):
        after = chart.signatures[index + 1 :]
        end = min(after[0][0] if after else last + resolution, last + resolution)
        if lower > _FINEST_BEAT:
            continue  # a lead-in, whose parts nobody counts
        try:
            meter = Meter(upper, lower)
        except ValueError:
            meter = Meter(4)
        step = max(1, round(meter.quarters * resolution))
        if len(beats) + (end - start) // step > MOST_BEATS_OF_FILE:
            warn(NoHitLost(f"{path}: more than {MOST_BEATS_OF_FILE} beats: left out"))
            return (), ()
        changes[sum(beat.position == 1 for beat in beats) + 1] = meter
        times = [chart.clock.seconds(tick) + later for tick in range(start, end, step)]
        beats += [
            Beat(time, place % meter.counted + 1)
            for place, time in enumerate(times)
            if time >= 0
        ]
    return tuple(beats), meter_changes(changes.items())


def outputs(path: Path) -> list[Path]:
    """Return all files that `write` may write into a folder."""
    return [path / name for name in FILES]


def purpose(path: Path, transcription: Transcription) -> str:
    """Return what one of the files is for."""
    return _PURPOSES[path.name]


def looks_like(head: str) -> bool:
    """Whether a file begins like a chart, as text, as a package or as MIDI."""
    if head.startswith("MThd"):
        return bool(_GAME_TRACK.search(head))
    return head.lstrip("\ufeff").startswith(("[Song]", MAGIC.decode()))
