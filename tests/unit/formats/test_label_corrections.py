"""A user's changes to labels, applied to what the labels were made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.labels.corrections import corrected, exact, explained, six_digits
from adt_plugins.labels.names import LABEL_TEXTS
from adt_plugins.labels.tracks import BARS, BEATS, LabelTrack, read_tracks, tracks_of
from adt_plugins.transcription import Transcription
from tests.support.label_edits import Edits, make_song


def back(
    tracks: Sequence[LabelTrack], original: Transcription, *, merged: bool = False
) -> Transcription:
    """Read these tracks; `merged` as File > Export > Labels writes them."""
    if merged:
        labels = sorted(
            Label(round(x.start, 6), round(x.end, 6), x.text)
            for track in tracks
            for x in track.labels
        )
        tracks = [LabelTrack("", tuple(labels))]
    return corrected(read_tracks(tracks), original).transcription


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("text", LABEL_TEXTS)
def test_without_an_edit_nothing_changes(text: str, merged: bool, fine: bool) -> None:
    original = make_song(60.0, fine=fine)
    actual = back(tracks_of(original, text), original, merged=merged)
    assert actual.to_json() == original.to_json()


def test_tracks_that_were_renamed_or_merged_lose_nothing() -> None:
    """All hats on one track without texts: open ones stay open."""
    original = make_song(30.0, fine=True)
    original = replace(
        original, onsets=tuple(o for o in original if o.drum is not Drum.HH)
    )
    tracks = {track.name: track for track in tracks_of(original)}
    hats = [tracks.pop(name) for name in ("Closed hi-hat", "Open hi-hat")]
    labels = [Label(x.start, x.end, "") for track in hats for x in track.labels]
    merged = [*tracks.values(), LabelTrack("Hats", tuple(labels))]
    assert back(merged, original).to_json() == original.to_json()


def test_times_of_a_running_audacity() -> None:
    """Rounding to six digits is no edit; a moved label keeps its hit's velocity."""
    original = make_song(1100.0)
    tracks = [
        LabelTrack(
            track.name,
            tuple(
                replace(x, start=float(f"{x.start:.6g}"), end=float(f"{x.end:.6g}"))
                for x in track.labels
            ),
        )
        for track in tracks_of(original)
    ]
    reading = read_tracks(tracks)
    done = corrected(reading, original, six_digits)
    assert done.changed == 0
    assert done.transcription.to_json() == original.to_json()
    assert len(explained(reading, original, six_digits)) == len(original)
    assert len(explained(reading, original)) < len(original)


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_five_hundred_edits(seed: int, fine: bool) -> None:
    original = make_song(240.0, seed, fine=fine)
    edits = Edits(original, seed)
    assert len(list(edits.make(500))) == 500
    done = corrected(read_tracks(edits.tracks()), original)
    assert set(done.transcription.onsets) ^ edits.wanted() == set()
    assert done.changed == 500
    assert done.transcription.beats == original.beats
    assert done.transcription.model == original.model


def test_new_hits_are_told() -> None:
    original = make_song(8.0)
    (kick, *rest) = tracks_of(original)
    labels = (*kick.labels, Label(20.0, 20.0, ""), Label(21.0, 21.0, "Kick 33"))
    done = corrected(read_tracks([replace(kick, labels=labels), *rest]), original)
    assert done.fresh == (Onset(20.0, Drum.KD),)
    assert Onset(21.0, Drum.KD, 33) in done.transcription.onsets
    assert done.changed == 2


def beat_tracks(original: Transcription) -> tuple[list[LabelTrack], list[Label]]:
    tracks = tracks_of(replace(original, onsets=(), labels=()))
    beats, bars = tracks
    assert (beats.name, bars.name) == (BEATS, BARS)
    return [beats], list(bars.labels)


def positions(tracks: Sequence[LabelTrack], original: Transcription) -> list[Beat]:
    reading = read_tracks(tracks)
    return list(corrected(reading, original, exact).transcription.beats)


def test_a_bar_that_was_moved_takes_its_first_beat_along() -> None:
    original = make_song(8.0)
    tracks, bars = beat_tracks(original)
    bars[1] = replace(bars[1], start=2.1)
    actual = positions([*tracks, LabelTrack(BARS, tuple(bars))], original)
    wanted = [replace(b, time=2.1) if b.time == 2.3 else b for b in original.beats]
    assert actual == wanted


def test_a_bar_that_was_moved_to_another_beat_begins_there() -> None:
    original = make_song(8.0)
    tracks, bars = beat_tracks(original)
    bars[1] = replace(bars[1], start=3.31)  # beside the third beat
    actual = positions([*tracks, LabelTrack(BARS, tuple(bars))], original)
    assert [b.time for b in actual] == [b.time for b in original.beats]
    counts = [1, 2, 3, 4, 5, 6, 1, 2, 1, 2, 3, 4, 1, 2, 3, 4]
    assert [b.position for b in actual] == counts


def test_all_bars_moved_by_two_beats() -> None:
    """The first beat was taken for the third, throughout."""
    original = make_song(8.0)
    tracks, bars = beat_tracks(original)
    bars = [replace(bar, start=bar.start + 1, end=bar.end + 1) for bar in bars]
    actual = positions([*tracks, LabelTrack(BARS, tuple(bars))], original)
    assert [b.position for b in actual] == [3, 4, 1, 2] * 4
    assert [b.time for b in actual] == [b.time for b in original.beats]


def test_beats_that_were_moved_stay_where_they_are() -> None:
    original = make_song(8.0)
    (beats,), bars = beat_tracks(original)
    labels = list(beats.labels)
    labels[5] = replace(labels[5], start=2.83, end=2.83)
    del labels[-1]
    tracks = [LabelTrack(BEATS, tuple(labels)), LabelTrack(BARS, tuple(bars))]
    wanted = list(original.beats[:-1])
    wanted[5] = replace(wanted[5], time=2.83)
    assert positions(tracks, original) == wanted


def test_without_tracks_of_beats_all_beats_stay() -> None:
    original = make_song(8.0)
    assert positions([], original) == list(original.beats)


def test_short_texts_on_another_track() -> None:
    """A label that was moved there as it is, and one that was given another text."""
    original = make_song(30.0)
    tracks = {track.name: list(track.labels) for track in tracks_of(original, "short")}
    snare, kick = tracks["Snare"].pop(3), tracks["Kick"][5]
    assert (snare.text, kick.text) == ("s", "k")
    tracks["Kick"].append(snare)
    tracks["Kick"][5] = replace(kick, text="s")
    reading = read_tracks([LabelTrack(n, tuple(own)) for n, own in tracks.items()])
    result = corrected(reading, original)
    assert result.changed == 2
    before = {(o.time, o.drum): o for o in original}
    wanted = {
        replace(before[snare.start, Drum.SD], drum=Drum.KD),
        replace(before[kick.start, Drum.KD], drum=Drum.SD),
    }
    assert set(result.transcription.onsets) - set(original.onsets) == wanted


def test_sections_are_no_short_texts() -> None:
    sections = [Label(float(n), float(n), text) for n, text in enumerate("ABCcs")]
    assert read_tracks([LabelTrack("Form", tuple(sections))]).hits == ()
    upper = [LabelTrack("", tuple(sections[:3]))]
    assert read_tracks(upper).hits == ()
