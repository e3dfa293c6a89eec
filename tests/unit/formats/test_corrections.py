"""What a user changed in labels, on top of what they were made from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adt_plugins.annotations import Beat, Label, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.labels.corrections import corrected, exact, explained, six_digits
from adt_plugins.labels.names import LABEL_TEXTS
from adt_plugins.labels.tracks import BARS, BEATS, LabelTrack, read_tracks, tracks_of
from adt_plugins.transcription import Transcription

NAMES = {drum.full_name: drum for drum in Drum}


def song(seconds: float = 180.0, seed: int = 0, *, fine: bool = False) -> Transcription:
    """Hits as the network reports them: on no grid, with velocities of all kinds."""
    rng = random.Random(seed)
    hats = [Drum.CHH, Drum.OHH, Drum.HH] if fine else [Drum.HH]
    onsets = []
    for step in range(int(seconds * 8)):
        time = round(0.3 + step / 8 + rng.uniform(-0.012, 0.012), 6)
        drums = [rng.choice(hats)]
        drums += [Drum.KD] if step % 8 in (0, 3) else []
        drums += [Drum.SD] if step % 8 == 4 else []
        drums += [Drum.CRC if fine else Drum.CY] if step % 64 == 0 else []
        onsets += [
            Onset(time, drum, rng.randint(13, 118), round(rng.random(), 6))
            for drum in drums
        ]
    beats = [Beat(round(0.3 + k / 2, 6), k % 4 + 1) for k in range(int(seconds * 2))]
    return Transcription(
        onsets=tuple(onsets),
        beats=tuple(beats),
        source=Source("song.wav", "ab" * 32, 44100, 2, seconds),
        model={"name": "tiny", "thresholds": {"KD": 0.3}, "meter": "4/4"},
        labels=(Label(1.0, 8.0, "verse", "Form"),),
    )


def back(
    tracks: Sequence[LabelTrack], original: Transcription, *, merged: bool = False
) -> Transcription:
    """What is read of these tracks; merged: as File > Export > Labels writes them."""
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
    original = song(60.0, fine=fine)
    found = back(tracks_of(original, text), original, merged=merged)
    assert found.to_json() == original.to_json()


def test_tracks_that_were_renamed_or_merged_lose_nothing() -> None:
    """All hats on one track without texts: open ones stay open."""
    original = song(30.0, fine=True)
    original = replace(
        original, onsets=tuple(o for o in original if o.drum is not Drum.HH)
    )
    tracks = {track.name: track for track in tracks_of(original)}
    hats = [tracks.pop(name) for name in ("Closed hi-hat", "Open hi-hat")]
    labels = [Label(x.start, x.end, "") for track in hats for x in track.labels]
    merged = [*tracks.values(), LabelTrack("Hats", tuple(labels))]
    assert back(merged, original).to_json() == original.to_json()


def test_times_of_a_running_audacity() -> None:
    """Six digits are not an edit; a move is, and the nearest hit keeps its velocity."""
    original = song(1500.0)
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


class Edits:
    """Edits at random, in the labels and in what shall come of them."""

    def __init__(self, original: Transcription, seed: int) -> None:
        self.rng = random.Random(seed)
        self.rows = [
            {"home": o.drum.full_name, "time": o.time, "text": "", "hit": o}
            for o in original
        ]
        self.wanted = {id(row): row["hit"] for row in self.rows}

    def edit(self) -> None:
        row = self.rng.choice([r for r in self.rows if not r.get("edited")])
        hit = self.wanted[id(row)]
        # A hit that was deleted, and beside it a new one, is a hit that was moved:
        # nobody can tell. So neighbours of an edit stay as they are.
        for other in self.rows:
            if other["home"] == row["home"] and abs(other["time"] - hit.time) < 0.2:
                other["edited"] = True
        kind = self.rng.choice(["rename", "move", "delete", "add", "louder"])
        if kind == "rename":
            name = self.rng.choice(["Kick", "Tom", "Snare", "Ride"])
            row["text"] = name
            self.wanted[id(row)] = replace(hit, drum=NAMES[name])
        elif kind == "move":
            row["time"] = hit.time + self.rng.uniform(-0.03, 0.03)
            self.wanted[id(row)] = replace(hit, time=row["time"])
        elif kind == "delete":
            self.rows.remove(row)
            del self.wanted[id(row)]
        elif kind == "louder":
            velocity = self.rng.randint(1, 127)
            row["text"] = f"{row['home']} v{velocity}"
            self.wanted[id(row)] = replace(hit, velocity=velocity)
        else:
            # Between two hits of its drum, so that it is none of them.
            time = hit.time + 0.0625
            new = {"home": row["home"], "time": time, "text": "", "edited": True}
            self.rows.append(new)
            self.wanted[id(new)] = Onset(time, hit.drum)

    def tracks(self) -> list[LabelTrack]:
        tracks: dict[str, list[Label]] = {}
        for row in self.rows:
            label = Label(row["time"], row["time"], row["text"])
            tracks.setdefault(row["home"], []).append(label)
        return [LabelTrack(name, tuple(own)) for name, own in tracks.items()]


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_five_hundred_edits(seed: int, fine: bool) -> None:
    original = song(240.0, seed, fine=fine)
    edits = Edits(original, seed)
    for _ in range(500):
        edits.edit()
    done = corrected(read_tracks(edits.tracks()), original)
    wanted = Transcription(onsets=tuple(edits.wanted.values()))
    differing = set(done.transcription.onsets) ^ set(wanted.onsets)
    assert differing == set()
    assert done.transcription.beats == original.beats
    assert done.transcription.model == original.model


def test_new_hits_are_told() -> None:
    original = song(8.0)
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
    original = song(8.0)
    tracks, bars = beat_tracks(original)
    bars[1] = replace(bars[1], start=2.1)
    found = positions([*tracks, LabelTrack(BARS, tuple(bars))], original)
    wanted = [replace(b, time=2.1) if b.time == 2.3 else b for b in original.beats]
    assert found == wanted


def test_a_bar_that_was_moved_to_another_beat_begins_there() -> None:
    original = song(8.0)
    tracks, bars = beat_tracks(original)
    bars[1] = replace(bars[1], start=3.31)  # beside the third beat
    found = positions([*tracks, LabelTrack(BARS, tuple(bars))], original)
    assert [b.time for b in found] == [b.time for b in original.beats]
    counts = [1, 2, 3, 4, 5, 6, 1, 2, 1, 2, 3, 4, 1, 2, 3, 4]
    assert [b.position for b in found] == counts


def test_all_bars_moved_by_two_beats() -> None:
    """The first beat was taken for the third, throughout."""
    original = song(8.0)
    tracks, bars = beat_tracks(original)
    bars = [replace(bar, start=bar.start + 1, end=bar.end + 1) for bar in bars]
    found = positions([*tracks, LabelTrack(BARS, tuple(bars))], original)
    assert [b.position for b in found] == [3, 4, 1, 2] * 4
    assert [b.time for b in found] == [b.time for b in original.beats]


def test_beats_that_were_moved_stay_where_they_are() -> None:
    original = song(8.0)
    (beats,), bars = beat_tracks(original)
    labels = list(beats.labels)
    labels[5] = replace(labels[5], start=2.83, end=2.83)
    del labels[-1]
    tracks = [LabelTrack(BEATS, tuple(labels)), LabelTrack(BARS, tuple(bars))]
    wanted = list(original.beats[:-1])
    wanted[5] = replace(wanted[5], time=2.83)
    assert positions(tracks, original) == wanted


def test_without_tracks_of_beats_all_beats_stay() -> None:
    original = song(8.0)
    assert positions([], original) == list(original.beats)
