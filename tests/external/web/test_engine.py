"""The engine of the page in a real browser: the same answer as Python's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import pytest

from adt_plugins import Transcription, transcribe
from adt_plugins.editor.payload import payload
from adt_plugins.editor.picks import Levels, PickedSong, velocity_table
from adt_plugins.features.spectrogram import spectrogram
from adt_plugins.formats import write
from adt_plugins.network.catalogue import find_model
from tests.support.audio import RATE, noise
from tests.support.browser import watched
from tests.support.web.engine import (
    Heard,
    Song,
    about_of,
    choose,
    features,
    hear,
    write_engine_page,
)
from tests.support.web.songs import groove, machine, songs

SAME_S = 0.002
"""Where two frames are equally high, one or the other is the peak, and the time between
them is the same: so onsets are compared by their times."""


class Pair(NamedTuple):
    """A song as the browser and as Python transcribe it."""

    song: Song
    browser: Heard
    python: Transcription
    velocities: Levels


@pytest.fixture(scope="module")
def path(front_end: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("engine") / "engine.html"
    write_engine_page(made, front_end)
    return made


@pytest.fixture(scope="module")
def page(browser: Any, path: Path) -> Iterator[Any]:
    """A page with the engine running; it asks for nothing."""
    context = browser.new_context()
    opened, events = watched(context)
    opened.set_default_timeout(120_000)
    opened.goto(path.as_uri())
    opened.evaluate("adt.start()")
    yield opened
    # The worker's own script is all that is loaded.
    assert [
        t for t in events if not t.startswith(("request file:", "request blob:"))
    ] == []
    context.close()


def heard_by_python(song: Song) -> tuple[Transcription, Levels]:
    audio = (np.stack(song.channels, axis=1), RATE)
    transcription = transcribe(audio)
    levels = velocity_table(PickedSong(transcription), audio)
    assert levels is not None
    return transcription, levels


@pytest.fixture(scope="module")
def pairs(page: Any) -> list[Pair]:
    return [Pair(song, hear(page, song), *heard_by_python(song)) for song in songs()]


def named(pairs: list[Pair], name: str) -> Pair:
    (actual,) = (pair for pair in pairs if pair.song.name == name)
    return actual


def same_onsets(pair: Pair) -> Iterator[tuple[Any, Any]]:
    """Return the onsets that both have: rows of the browser, and Python's."""
    lanes = [lane["drum"] for lane in pair.browser.header["lanes"]]
    waiting = list(pair.python.onsets)
    for row in pair.browser.known:
        for onset in waiting:
            near = abs(onset.time - row[2]) <= SAME_S
            if near and onset.drum.value == lanes[int(row[0])]:
                waiting.remove(onset)
                yield row, onset
                break


def test_features_are_pythons_compiled_or_not(page: Any) -> None:
    card = find_model()
    for song in songs()[:4]:
        mixed = np.stack(song.channels).mean(axis=0, dtype=np.float32)
        expected = spectrogram(mixed, card.front_end, card.level)
        compiled = features(page, Song("", [mixed]), compiled=True)
        script = features(page, Song("", [mixed]), compiled=False)
        assert expected.std() > 0.1
        assert np.abs(compiled - expected).max() < 1e-5
        assert np.abs(compiled - script).max() < 1e-5


def test_onsets_are_pythons(pairs: list[Pair]) -> None:
    expected = sum(max(len(p.browser.known), len(p.python)) for p in pairs)
    same = [match for pair in pairs for match in same_onsets(pair)]
    assert expected > 1200
    assert len(same) >= 0.995 * expected
    apart = [abs(row[2] - onset.time) for row, onset in same]
    assert np.median(apart) < 1e-4
    # A hit between two frames is measured at one of them or the other.
    softer = np.array([abs(row[3] - onset.velocity) for row, onset in same])
    assert np.mean(softer > 1) < 0.003
    assert softer.max() <= 8
    assert max(abs(row[4] - onset.confidence) for row, onset in same) < 0.05


def test_activations_and_levels_are_pythons(pairs: list[Pair]) -> None:
    """The network rounds to 8 bits, so the last bit of a frame makes a difference."""
    for pair in pairs:
        activations = pair.python.activations
        assert activations is not None
        apart = np.abs(pair.browser.activations - activations.values)
        assert apart.max() < 0.1, pair.song.name
        assert np.median(apart) < 1e-4, pair.song.name
        assert pair.browser.levels.shape == (len(activations.values), 6)
        other = np.abs(pair.browser.velocities.astype(int) - pair.velocities)
        assert np.mean(other > 1) < 0.01, pair.song.name
    assert any(pair.velocities.std() > 20 for pair in pairs)


def test_beats_are_pythons(pairs: list[Pair]) -> None:
    """Beats are as many, at the same places of their bars, to a frame."""
    same = count = 0
    for pair in pairs:
        mine = pair.browser.header["beats"]
        theirs = [[beat.time, beat.position] for beat in pair.python.beats]
        count += max(len(mine), len(theirs))
        same += sum(
            any(abs(at - time) <= 0.01 + 1e-9 and own == position for at, own in mine)
            for time, position in theirs
        )
    assert count > 300
    assert same >= 0.995 * count
    assert named(pairs, "no drums").browser.header["beats"] == []


def test_thresholds_are_raised_as_by_python(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert pair.browser.thresholds == dict(pair.python.model["thresholds"])


def test_the_page_gets_what_python_would_send(pairs: list[Pair]) -> None:
    for name in ("groove", "no drums"):
        pair = named(pairs, name)
        sent = payload(PickedSong(pair.python), None, name, name)
        expected = json.loads(json.dumps(sent.header))
        header = dict(pair.browser.header)
        for unlike in ("fingerprint", "duration", "known"):
            del expected[unlike], header[unlike]
        assert header == expected
        known = pair.browser.header["known"]
        assert known == len(pair.browser.known)
        assert pair.browser.data[: 40 * known] == pair.browser.known.tobytes()
        lanes = np.frombuffer(pair.browser.data[40 * known :], "<f4")
        drums = pair.browser.activations[:, : len(header["lanes"])].T
        assert np.array_equal(lanes.reshape(drums.shape), drums)


def test_finer_drums_are_pythons(page: Any) -> None:
    """Each hit is of the same kind, and lies in the editor as one that Python sends."""
    kinds: set[str] = set()
    count = same = 0
    for song in songs():
        python = transcribe((np.stack(song.channels, axis=1), RATE), fine=True)
        sent = payload(PickedSong(python), None, song.name, song.name).header
        header = hear(page, song, fine=True).header
        theirs, mine = finer_hits(sent), finer_hits(header)
        count += len(theirs | mine)
        same += len(theirs & mine)
        kinds |= {drum for drum, _ in theirs}
        assert len(header["missing"]) == len(header["extras"])
        if song.name == "groove":
            # A hit whose kind is hardly certain may be named by one of the two alone.
            unsure = theirs ^ mine
            assert len(unsure) <= 1
            kept = [lanes_without(unsure, one) for one in (header, sent)]
            assert kept[0] == kept[1]
            missing = [set(map(str, one["missing"])) for one in (header, sent)]
            assert len(missing[0] ^ missing[1]) <= len(unsure)
            assert header["files"]["json"] == sent["files"]["json"]
    assert {"CHH", "OHH", "RDC", "CRC", "HIT"} <= kinds
    assert count > 500
    assert same >= 0.99 * count


def lanes_without(
    hits: set[tuple[str, int]], header: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the lanes other than those of these hits' drums."""
    drums = {drum for drum, _ in hits}
    return [lane for lane in header["lanes"] if lane["drum"] not in drums]


def finer_hits(header: dict[str, Any]) -> set[tuple[str, int]]:
    """Return drum and time, in hundredths of a second, of hits outside the picks."""
    return {(hit["drum"], round(100 * hit["time"])) for hit in header["extras"]}


def test_the_midi_file_begins_as_pythons(pairs: list[Pair], tmp_path: Path) -> None:
    pair = named(pairs, "groove")
    files = write(replace(pair.python, onsets=()), tmp_path / "x.mid", "midi")
    maps = pair.browser.header["files"]["maps"]
    for file, timing in zip(files, maps, strict=True):
        assert file.read_bytes().startswith(base64.b64decode(timing["head"]))


@pytest.mark.parametrize(
    "samples", [1, 441, 442, 2048, 64 * 441, 64 * 441 + 1, 4096 * 441 - 1024]
)
def test_any_length(page: Any, samples: int) -> None:
    song = Song("short", [machine(samples / RATE)])
    assert len(song.channels[0]) == samples
    answer = hear(page, song)
    expected = transcribe((song.channels[0], RATE)).activations
    assert expected is not None
    assert answer.header["frames"] == len(expected.values) == -(-samples // 441)
    assert answer.activations.shape == expected.values.shape
    apart = np.abs(answer.activations - expected.values)
    assert apart.max(initial=0) < 0.1
    assert answer.velocities.shape == (6, len(expected.values))


def test_no_samples_are_no_frames(page: Any) -> None:
    answer = hear(page, Song("empty", [np.zeros(0, np.float32)]))
    assert answer.header["frames"] == len(answer.known) == 0
    assert answer.velocities.shape == (6, 0)


def test_nothing_is_left_of_a_song_for_the_next(page: Any) -> None:
    first = Song("first", groove())
    other = Song("other", [noise(RATE * 5, seed=3)])
    before = hear(page, first)
    hear(page, other)
    again = hear(page, first)
    for name in ("activations", "levels", "known", "velocities"):
        assert np.array_equal(getattr(before, name), getattr(again, name)), name


def test_progress_rises_to_the_end(page: Any) -> None:
    # Reported ten times a second, so that a fast machine reports a few times only.
    progress = hear(page, Song("long", [machine(240.0)])).progress
    assert progress == sorted(progress)
    assert 0 <= progress[0] < 0.8
    assert progress[-1] == 1


def test_a_song_can_be_stopped(page: Any) -> None:
    song = Song("long", [machine(120.0)])
    whole = hear(page, song)
    reason = page.evaluate(
        "about => adt.hear(about, false, 0.2).then(() => '', error => error.message)",
        about_of(song),
    )
    assert reason == "stopped"
    assert np.array_equal(hear(page, song).activations, whole.activations)


def test_what_is_wrong_is_told(browser: Any, path: Path) -> None:
    context = browser.new_context()
    opened, _ = watched(context)
    opened.set_default_timeout(120_000)
    opened.goto(path.as_uri())
    start = "changed => adt.start(changed).then(() => '', error => error.message)"
    for changed in (
        "{network: {}}",
        "{networkWasm: new Uint8Array(1000)}",
        "{beatsWasm: new Uint8Array(1000)}",
        "{featuresWasm: new Uint8Array(1000)}",
        "{workerScript: 'throw new Error(1)'}",
    ):
        assert opened.evaluate(f"({start})({changed})") != "", changed
    assert opened.evaluate(f"({start})({{}})") == ""
    unlike = Song("unlike", [np.zeros(1000, np.float32), np.zeros(999, np.float32)])
    choose(opened, unlike)
    hearing = "about => adt.hear(about).then(() => '', error => error.message)"
    about = about_of(unlike)
    assert opened.evaluate(hearing, about) == "channels of unequal length"
    song = Song("song", [machine(60.0)])
    choose(opened, song)
    twice = f"about => Promise.all([({hearing})(about), ({hearing})(about)])"
    assert opened.evaluate(twice, about_of(song)) == ["", "the engine is busy"]
    closed = (
        f"about => {{ const answers = ({hearing})(about); adt.close();"
        f" return answers.then(async first => [first, await ({hearing})(about)]); }}"
    )
    answers = opened.evaluate(closed, about_of(song))
    assert answers == ["the engine is closed"] * 2
    context.close()


def test_the_memory_does_not_grow(browser: Any, path: Path) -> None:
    context = browser.new_context()
    opened, _ = watched(context)
    opened.set_default_timeout(120_000)
    opened.goto(path.as_uri())
    opened.evaluate("adt.start()")
    song = Song("song", [machine(5.0)])
    memory = []
    for _ in range(12):
        hear(opened, song)
        memory.append(renderers())
    assert memory[-1] - memory[3] < 40 * 2**20, memory
    context.close()


def renderers() -> int:
    """Return the memory in bytes of the browser's processes that show pages."""
    actual = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            if "--type=renderer" in " ".join(process.cmdline()):
                actual.append(process.memory_info().rss)
    assert actual
    return sum(actual)
