"""Guitar Pro 5: the drum part for Guitar Pro, TuxGuitar and MuseScore.

Hands are the first voice, feet the second. In the file's drum tracks a note's fret is
its MIDI note, and its string says only where the number stands. Newer formats of the
program (``.gp``, ``.gpx``) have no library for Python that writes them; Guitar Pro 6 to
8 open this one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from adt_plugins.drums import Drum
from adt_plugins.errors import MissingDependencyError
from adt_plugins.formats.format import Write
from adt_plugins.formats.notation.bars import Bar, Stroke
from adt_plugins.formats.notation.divisions import Feel
from adt_plugins.formats.notation.part import Part
from adt_plugins.formats.notation.sections import section_names
from adt_plugins.formats.notation.spelling import (
    FEET,
    HANDS,
    VALUES,
    Note,
    spell,
    value_of,
)
from adt_plugins.formats.notation.staff import PLACES
from adt_plugins.formats.notation.tempi import TempoMark
from adt_plugins.formats.part_files import part_writer
from adt_plugins.formats.song_names import SongNames

if TYPE_CHECKING:
    from guitarpro import models

_VERSION = (5, 1, 0)
_STRINGS = 6
_VALUES = {name: 1 << index for index, name in enumerate(VALUES)}
_SWING = {Feel.STRAIGHT: "none", Feel.EIGHTHS: "eighth", Feel.SIXTEENTHS: "sixteenth"}


def song_bytes(part: Part, names: SongNames) -> bytes:
    """Return the content of the file: one track.

    All strokes are forte, but for accents and ghost notes, which are marked: programs
    print a sign wherever the loudness changes.

    Raises
    ------
    MissingDependencyError
        If PyGuitarPro is not installed.
    """
    try:
        import guitarpro
    except ImportError as error:
        raise MissingDependencyError.of(
            "a Guitar Pro file", "PyGuitarPro", "gp"
        ) from error
    buffer = io.BytesIO()
    guitarpro.write(_song(part, names), buffer, version=_VERSION, encoding="utf-8")
    return buffer.getvalue()


def _song(part: Part, names: SongNames) -> models.Song:
    from guitarpro import models

    headers = list(_headers(part))
    song = models.Song(
        title=names.title,
        artist=names.artist,
        tempo=round(part.tempi[0].quarters),
        measureHeaders=headers,
        tracks=[],
    )
    track = models.Track(
        song,
        name="Drums",
        isPercussionTrack=True,
        strings=[models.GuitarString(n + 1, 0) for n in range(_STRINGS)],
        channel=models.MidiChannel(
            models.MidiChannel.DEFAULT_PERCUSSION_CHANNEL,
            models.MidiChannel.DEFAULT_PERCUSSION_CHANNEL,
            instrument=0,
        ),
        measures=[],
    )
    for index, (bar, header) in enumerate(zip(part.bars, headers, strict=True)):
        measure = models.Measure(track, header)
        for voice, number in zip(measure.voices, (HANDS, FEET), strict=True):
            notes = spell(bar, number)
            if not notes and number == HANDS:
                notes = list(_rests(bar))
            voice.beats = [_beat(voice, note) for note in notes]
        if index and (mark := part.tempi.get(index)):
            _change_tempo(measure.voices[0].beats[0], mark)
        track.measures.append(measure)
    song.tracks.append(track)
    return song


def _headers(part: Part) -> Iterator[models.MeasureHeader]:
    """Yield time signature, section and swing of each bar."""
    from guitarpro import models

    names = section_names(part.sections)
    start = models.Duration.quarterTime
    for index, bar in enumerate(part.bars):
        upper, lower = bar.signature
        yield models.MeasureHeader(
            number=index + 1,
            start=start,
            timeSignature=models.TimeSignature(upper, models.Duration(lower)),
            marker=models.Marker(names[index]) if index in names else None,
            tripletFeel=models.TripletFeel[_SWING[bar.feel]],
        )
        start += round(models.Duration.quarterTime * bar.quarters)


def _rests(bar: Bar) -> Iterator[Note]:
    """Yield the rests of a bar: the format has no sign for whole bars."""
    place = Fraction(0)
    for beat in bar.beats:
        yield Note((), place, beat.quarters, *value_of(beat.quarters))
        place += beat.quarters


def _beat(voice: models.Voice, note: Note) -> models.Beat:
    from guitarpro import models

    enters, times = note.tuplet or (1, 1)
    beat = models.Beat(
        voice,
        duration=models.Duration(
            _VALUES[note.value],
            isDotted=note.dots > 0,
            tuplet=models.Tuplet(enters, times),
        ),
        status=models.BeatStatus.normal if note.drums else models.BeatStatus.rest,
    )
    highest_first = sorted(note.drums, key=lambda item: -PLACES[item[0]].height)
    for string, (drum, stroke) in enumerate(highest_first[:_STRINGS], 1):
        beat.notes.append(_struck(beat, string, drum, stroke))
    return beat


def _change_tempo(beat: models.Beat, mark: TempoMark) -> None:
    from guitarpro import models

    tempo = models.MixTableItem(value=round(mark.quarters), duration=0, allTracks=True)
    # Shown in the score, but for what goes on slowing down.
    beat.effect.mixTableChange = models.MixTableChange(
        tempo=tempo, hideTempo=mark.text == ""
    )


def _struck(beat: models.Beat, string: int, drum: Drum, stroke: Stroke) -> models.Note:
    from guitarpro import models

    effect = models.NoteEffect(
        accentuatedNote=stroke.is_accent, ghostNote=stroke.is_ghost
    )
    if stroke.graces:
        effect.grace = models.GraceEffect(
            fret=drum.note, velocity=models.Velocities.mezzoPiano
        )
    return models.Note(
        beat,
        value=drum.note,
        velocity=models.Velocities.forte,
        string=string,
        type=models.NoteType.normal,
        effect=effect,
    )


write: Write = part_writer(song_bytes)
