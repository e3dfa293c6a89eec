"""Finds the notes of a MIDI file that are its drums."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from unicodedata import normalize

from adt_plugins.base.reporting import did_you_mean
from adt_plugins.drums import Drum, drum_of_name
from adt_plugins.errors import FormatError
from adt_plugins.midi.kits import DRUM_CHANNEL, drum_channels
from adt_plugins.midi.reader import Note, Track

CHANNELS = 16

GAME_TRACK = "PART DRUMS"
"""Name of the track with the drums in MIDI files of rhythm games."""

# Words in the names of drum tracks, in various languages.
_DRUM_WORDS = re.compile(
    r"drum|perc(?!ept)|perk|schlagz|trommel|schlagwerk|slagwerk|slagtøj|slagverk"
    r"|batter|bater|trumm|tromme|trumset|rummut|rumpu|lyömäs|bic[ií]|bębn|davul"
    r"|tambor|tambour[s ]|tamburi\b|bubnj|bobni\b|\btob[eă]\b|\bdob(ok)?\b|dobfel|ütő"
    r"|būgn|bungas|ударн|барабан|τύμπαν|ντραμς|ドラム|パーカッション|打楽器|打[击擊]|鼓"
    r"|드럼|타악|תופים|طبول|درامز|กลอง|trống|ड्रम|டிரம்|\bkit\b|\bbeat\b|\bdrms?\b"
    r"|groove agent|\bssd\d?\b|\bbfd\d?\b",
    re.IGNORECASE,
)
# Instruments of General MIDI with such words that are tuned.
_TUNED = re.compile(r"steel ?drum|perc\w*\.? organ", re.IGNORECASE)
_MOST_LISTED = 8
_LEAST_DRUMS = 2
# Numbers and places of microphones in the names of tracks for single drums.
_PLACES = re.compile(r"^\W*\d+[\W_]*|\b(in|out|top|bottom|btm)\b|[\W_]+\d+$", re.I)


def drum_notes(
    tracks: Sequence[Track], channel: int | None = None, track: int | str | None = None
) -> list[Note]:
    """Find the notes of the drums.

    Parameters
    ----------
    tracks
        Tracks of the file.
    channel
        Channel of the drums, 1-16; None: channel 10 and those that the file makes drum
        parts or, in a file without notes there, the tracks named after drums.
    track
        Number of the drums' track, from 1, or its name; None: any.

    Raises
    ------
    FormatError
        If no notes are drums; the message lists the tracks.
    """
    if channel is not None and not 1 <= channel <= CHANNELS:
        raise FormatError(f"no channel {channel} in MIDI; there are 1 to {CHANNELS}")
    chosen = list(tracks) if track is None else [_find(tracks, track)]
    everything = [note for track in chosen for note in track.notes]
    if channel is not None:
        notes = [note for note in everything if note.channel == channel - 1]
    elif track is not None:
        notes = everything
    else:
        channels = drum_channels(track.kits for track in tracks)
        notes = [note for note in everything if note.channel in channels]
        notes = notes or [
            note for track in _named_after_drums(tracks) for note in track.notes
        ]
    if not notes and any(track.notes for track in tracks):
        where = f"channel {channel or DRUM_CHANNEL + 1}"
        what = f"no notes on {where}"
        if channel is None:
            what += " and no track named drums" if track is None else ""
            what = f"no notes on track {track!r}" if track is not None else what
        raise FormatError(
            f"{what}; it has {_listed(tracks)}: choose with --midi-track or"
            " --midi-channel"
        )
    return notes


def left_out(tracks: Sequence[Track], notes: Sequence[Note]) -> str:
    """List the tracks named after drums of which no notes were chosen; may be empty."""
    chosen = {id(note) for note in notes}
    return _listed(
        tracks,
        lambda track: (
            _is_named_after_drums(normalize("NFC", track.name))
            and not any(id(note) in chosen for note in track.notes)
        ),
    )


def _named_after_drums(tracks: Sequence[Track]) -> list[Track]:
    """Return tracks named after drums or, where each drum has its own, after one.

    A single one may be something else: Tom is a name, too.
    """
    named = [t for t in tracks if _is_named_after_drums(normalize("NFC", t.name))]
    single = {
        number: drum
        for number, track in enumerate(tracks)
        if track.notes and (drum := _drum_of(track.name)) is not None
    }
    if any(track.notes for track in named) or len(set(single.values())) < _LEAST_DRUMS:
        return named
    return [tracks[number] for number in single]


def _drum_of(name: str) -> Drum | None:
    """Return the drum that a track is named after, such as ``03 Snare top``."""
    return drum_of_name(_PLACES.sub(" ", name).strip())


def _is_named_after_drums(name: str) -> bool:
    return bool(_DRUM_WORDS.search(name)) and not _TUNED.search(name)


def _find(tracks: Sequence[Track], wanted: int | str) -> Track:
    """Find a track by its number, its name, or a part of a name that is unique."""
    text = str(wanted).strip()
    if text.isdecimal() and 1 <= int(text) <= len(tracks):
        return tracks[int(text) - 1]
    wanted_name = text.casefold()
    for matches in (
        [t for t in tracks if t.name.strip().casefold() == wanted_name],
        [
            t
            for t in tracks
            if wanted_name and wanted_name in t.name.casefold() and t.notes
        ],
    ):
        if len(matches) == 1 or (
            matches and matches[0].name.strip().casefold() == wanted_name
        ):
            return matches[0]
    hint = did_you_mean(text, [track.name for track in tracks if track.name])
    raise FormatError(f"no track {text!r}{hint or f'; it has {_listed(tracks)}'}")


def _listed(
    tracks: Sequence[Track], is_meant: Callable[[Track], bool] = lambda _: True
) -> str:
    """List the tracks with notes: ``track 2 'Kit' (channel 1, 64 notes)``."""
    texts = []
    for number, track in enumerate(tracks, 1):
        if track.notes and is_meant(track):
            channels = sorted({note.channel + 1 for note in track.notes})
            name = f" {track.name[:40]!r}" if track.name else ""
            where = "channel" if len(channels) == 1 else "channels"
            count = f"{len(track.notes)} notes"
            numbers = ", ".join(map(str, channels))
            texts.append(f"track {number}{name} ({where} {numbers}, {count})")
    more = f" and {len(texts) - _MOST_LISTED} more" if len(texts) > _MOST_LISTED else ""
    return ", ".join(texts[:_MOST_LISTED]) + more
