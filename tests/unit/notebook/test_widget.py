"""The widget's Python side, without a browser."""

from __future__ import annotations

import base64
import gc
import io
import json
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from adt_plugins import Transcription
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.audio import load_audio
from adt_plugins.base.folders import asset
from adt_plugins.drums import Drum
from adt_plugins.editor.edits import EditError, Layer, Log, fold
from adt_plugins.editor.picks import PickedSong, velocity_table
from adt_plugins.editor.sound import CHUNK, Sound
from adt_plugins.errors import AdtError, FormatError, install_command
from adt_plugins.meter import Meter
from adt_plugins.notebook.saved_view import saved_view
from adt_plugins.recording import moved
from tests.support.notebook.make_fixtures import actions, example
from tests.support.paths import GROOVE
from tests.support.widgets import DrumWidget, Sent


def test_a_path_instead_of_a_transcription_is_refused_in_one_line() -> None:
    with pytest.raises(TypeError, match=r"not str; adt_plugins\.load reads one"):
        DrumWidget("song.drums.json")


@pytest.fixture
def widget(groove: Transcription) -> Any:
    made = DrumWidget(groove)
    made.send = Sent()
    yield made
    made.close()


def test_it_starts_as_the_transcription(widget: Any, groove: Transcription) -> None:
    assert widget.transcription == groove
    assert widget.original is groove
    assert widget.edits == []
    assert widget.thresholds == groove.model["thresholds"]
    assert [hit.onset for hit in widget.hits] == list(groove.onsets)
    assert all(hit.id.startswith(f"{hit.onset.drum}:") for hit in widget.hits)


def test_times_that_were_moved_are_those_of_the_recording(
    groove: Transcription,
) -> None:
    made = DrumWidget(moved(groove, 5.0))
    times = [onset.time for onset in made.transcription]
    made.close()
    assert times == pytest.approx([onset.time for onset in groove], abs=1e-8)


def test_edits_from_python(widget: Any, groove: Transcription) -> None:
    first = widget.hits[0]
    revisions: list[int] = []
    widget.observe(lambda change: revisions.append(change.new), "revision")
    name = widget.add(1.234, "TT", 77)
    widget.change(name, time=1.5)
    widget.change([first.id], drum="SST", velocity=5)
    widget.delete(widget.hits[-1].id)
    assert Onset(1.5, Drum.TT, 77) in widget.transcription.onsets
    assert Onset(first.onset.time, Drum.SST, 5) in widget.transcription.onsets
    assert len(widget.transcription) == len(groove)
    assert revisions == [1, 2, 3, 4]
    for _ in range(4):
        widget.undo()
    assert widget.transcription == groove
    with pytest.raises(EditError, match="nothing to undo"):
        widget.undo()
    widget.redo()
    assert len(widget.transcription) == len(groove) + 1
    kinds = [content["action"]["kind"] for content, _ in widget.send]
    assert kinds == ["do"] * 4 + ["undo"] * 4 + ["redo"]


def test_bars_and_beats_from_python(widget: Any, groove: Transcription) -> None:
    positions = [beat.position for beat in groove.beats]
    third = groove.beats[positions.index(1) + 2]
    widget.start_bar(third.time + 0.05)
    now = widget.transcription
    assert [x.time for x in now.beats] == [x.time for x in groove.beats]
    assert [x.position for x in now.beats] == [(p + 1) % 4 + 1 for p in positions]
    widget.scale_tempo(2)
    assert widget.transcription.tempo == pytest.approx(
        2 * (groove.tempo or 0), abs=0.01
    )
    widget.scale_tempo(0.5)
    assert widget.transcription.beats == now.beats
    widget.set_meter("6/8")
    assert widget.transcription.meter == Meter(6, 8)
    assert {beat.position for beat in widget.transcription.beats} == {1, 2}
    widget.set_meter("3/4", 4.0, 12.0)
    assert [str(change.meter) for change in widget.transcription.meters] == [
        "6/8",
        "3/4",
        "6/8",
    ]
    widget.set_beats([Beat(2.0, 1), Beat(1.0, 2)])
    assert widget.transcription.beats == (Beat(1.0, 2), Beat(2.0, 1))
    for _ in range(6):
        widget.undo()
    assert widget.transcription == groove
    silent = DrumWidget(replace(groove, beats=()), audio=False)
    with pytest.raises(EditError, match="no beats"):
        silent.start_bar(1.0)


def test_thresholds_pick_again(widget: Any, groove: Transcription) -> None:
    added = widget.add(0.4, "SD", 99)
    widget.set_threshold("SD", 0.05)
    more = widget.transcription
    assert len(more.times("SD")) > len(groove.times("SD")) + 3
    assert set(groove.onsets) <= set(more.onsets)
    assert more.model["thresholds"]["SD"] == 0.05
    widget.set_threshold("SD", 0.95)
    assert 0 < len(widget.transcription.times("SD")) < len(groove.times("SD"))
    assert added in {hit.id for hit in widget.hits}
    with pytest.raises(EditError, match="no threshold of CHC"):
        widget.set_threshold("CHC", 0.5)
    with pytest.raises(EditError, match="0 to 1"):
        widget.set_threshold("SD", 1.5)


def test_velocities_of_new_hits_are_those_of_a_transcription(
    groove: Transcription,
) -> None:
    table = velocity_table(PickedSong(groove), GROOVE)
    assert table is not None
    score = PickedSong(groove)
    lanes = list(score.thresholds)
    for name, onset in score.known.items():
        drum, _, frame = name.partition(":")
        # The attack may lie up to a frame from the pick that is looked up.
        near = table[lanes.index(drum), int(frame)]
        assert abs(int(near) - onset.velocity) <= 12


def test_a_message_that_makes_no_sense_changes_nothing(widget: Any) -> None:
    hit = {"op": "add", "id": "x", "time": 1.0, "drum": "KD", "velocity": 9}
    broken: list[Any] = [
        None, [], "x", [3], [{}], [{"op": "fly"}], [{**hit, "time": -1}],
        [{**hit, "time": float("nan")}], [{**hit, "drum": "XX"}],
        [{**hit, "velocity": 200}], [{**hit, "velocity": 1.5}], [{**hit, "id": 7}],
        [{**hit, "id": "<b>"}], [hit, {"op": "delete"}],
        [{"op": "threshold", "drum": "KD", "value": 2}],
        [{"op": "bar"}], [{"op": "bar", "time": -1}], [{"op": "tempo", "factor": 3}],
        [{"op": "meter", "meter": 4}], [{"op": "meter", "meter": "4/5"}],
        [{"op": "meter", "meter": "4/4", "end": 3}], [{"op": "beats", "beats": 7}],
        [{"op": "beats", "beats": [[1, 1], [1, 2]]}],
        [{"op": "beats", "beats": [[1, 99]]}], [{"op": "beats", "beats": [[1]]}],
    ]  # fmt: skip
    for ops in broken:
        widget._receive(
            None, {"type": "do", "action": {"kind": "do", "ops": ops}, "seq": 1}, []
        )
        assert widget.send[-1][0]["type"] == "refused", ops
    messages: list[Any] = [None, [], "do", {}, {"type": "do"}, {"type": "chunk"}]
    for message in messages:
        widget._receive(None, message, [])
    assert widget.edits == []
    assert widget.revision == 0


def test_a_browser_gets_sound_and_log(widget: Any, groove: Transcription) -> None:
    assert groove.activations is not None
    widget._receive(None, {"type": "velocities"}, [])
    assert len(widget.send[-1][1][0]) == 6 * len(groove.activations.values)
    widget._receive(None, {"type": "extras"}, [])
    assert widget.send[-1] == (
        {"type": "extras"},
        [asset("notebook_ext", "extras.js").read_bytes()],
    )
    widget._receive(None, {"type": "chunk", "index": 1}, [])
    content, (data,) = widget.send[-1]
    assert content == {"type": "chunk", "index": 1, "of": None}
    samples, rate = soundfile.read(io.BytesIO(data))
    assert (len(samples), rate) == (CHUNK, 44100)
    for missing in ({"index": 99, "of": None}, {"index": 1, "of": 7}):
        widget._receive(None, {"type": "chunk", **missing}, [])
        assert widget.send[-1] == ({"type": "chunk", **missing}, [])
    widget.add(1.0, "KD")
    assert widget.get_state("_log")["_log"]["revision"] == 1
    assert len(widget.get_state("_log")["_log"]["log"]["steps"]) == 1


def test_an_embedded_widget_has_all_of_its_sound(groove: Transcription) -> None:
    plain = DrumWidget(groove, quality="small")
    made = DrumWidget(groove, quality="small", embed=True)
    state = made.get_state(["_chunks", "_table", "_extras"])
    assert state["_extras"] == asset("notebook_ext", "extras.js").read_bytes()
    assert plain._extras == b""
    assert [len(plain._chunks), len(state["_chunks"])] == [1, 5]
    made.send = Sent()
    for number, data in enumerate(state["_chunks"]):
        made._receive(None, {"type": "chunk", "index": number}, [])
        assert made.send[-1][1] == [data]
    assert groove.activations is not None
    assert len(state["_table"]) == 6 * len(groove.activations.values)
    plain.close()
    made.close()


def test_threads_come_one_after_the_other(groove: Transcription) -> None:
    made = DrumWidget(groove, audio=False)
    made.send = Sent()
    threads = [
        threading.Thread(target=lambda: [made.add(1.0, "KD") for _ in range(40)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [content["revision"] for content, _ in made.send] == list(range(1, 161))
    assert len(made.edits) == 160


def test_an_action_whose_answer_was_lost_is_done_once(
    groove: Transcription, tmp_path: Path
) -> None:
    path = tmp_path / "song.drums.json"
    widget = DrumWidget(groove, audio=False, autosave=path)
    widget.send = Sent()
    hit = {"op": "add", "id": "x", "time": 1.0, "drum": "KD", "velocity": 9}
    action = {"kind": "do", "ops": [hit]}
    message = {"type": "do", "client": "browser", "seq": 0, "action": action}
    for _ in range(2):
        widget._receive(None, message, [])
    assert len(widget.edits) == 1
    assert [m["type"] for m, _ in widget.send] == ["did", "log"]
    assert widget.send[-1][0]["seen"] == {"browser": 0}
    # One whose predecessor was lost waits for it.
    later = [{**message, "seq": seq, "after": seq - 1} for seq in (1, 2)]
    for number, second in enumerate(later, 1):
        second["action"] = {"kind": "do", "ops": [{**hit, "id": f"x{number}"}]}
    widget._receive(None, later[1], [])
    assert widget.send[-1][0] == {"type": "missing", "client": "browser", "seq": 2}
    assert len(widget.edits) == 1
    for second in later:
        widget._receive(None, second, [])
    assert [op["id"] for (op,) in widget.edits] == ["x", "x1", "x2"]
    widget.close()
    del widget
    gc.collect()
    again = DrumWidget(groove, audio=False, autosave=path)
    again.send = Sent()
    again._receive(None, message, [])
    assert len(again.edits) == 3


def test_what_is_shown_without_an_editor(groove: Transcription) -> None:
    widget = DrumWidget(groove, audio=False)
    widget.add(1.0, "SPC")
    text = saved_view(widget.transcription, "<i>&", "p1", 1)
    hits = len(groove) + 1
    assert f"&lt;i&gt;&amp;</b>: {hits} hits. As it was with 1 edit when" in text
    assert "<tr><td>Splash</td><td>SPC</td><td>1</td></tr>" in text
    (picture,) = re.findall(r"base64,([^\"]*)", text)
    root = ElementTree.fromstring(base64.b64decode(picture))
    marks = [p.get("d") or "" for p in root.iter("{http://www.w3.org/2000/svg}path")]
    assert sum(d.count("v-") for d in marks) == hits
    assert "<script" not in text


def test_files_are_those_of_the_corrected_transcription(
    widget: Any, tmp_path: Path
) -> None:
    widget.add(3.21, "CRC", 100)
    widget.to_labels(tmp_path / "a.labels.txt")
    assert "3.210000000\t3.210000000\tCRC" in (tmp_path / "a.labels.txt").read_text()
    widget.to_midi(tmp_path / "a.drums.mid")
    read = Transcription.read(tmp_path / "a.drums.mid")
    assert len(read) == len(widget.transcription)
    widget.to_html(tmp_path / "a.drums.html")
    assert "3.21," in (tmp_path / "a.drums.html").read_text(encoding="utf-8")
    (tmp_path / "a.drums.html").write_text("somebody's own", encoding="utf-8")
    with pytest.raises(AdtError, match="has been changed"):
        widget.to_html(tmp_path / "a.drums.html")


def test_sound_is_what_the_network_heard(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).uniform(-0.4, 0.4, (48000 * 11, 2))
    soundfile.write(tmp_path / "a.wav", noise, 48000, subtype="PCM_24")
    mono = load_audio(tmp_path / "a.wav")
    sound = Sound(tmp_path / "a.wav")
    parts = [soundfile.read(io.BytesIO(sound.chunk(n)))[0] for n in (2, 0, 1)]
    stereo = np.concatenate((parts[1], parts[2], parts[0]))
    assert stereo.shape == (len(mono), 2)
    assert np.abs(stereo.mean(axis=1) - mono).max() < 2**-22
    with pytest.raises(AdtError, match="chunk 3"):
        sound.chunk(3)


def test_sound_of_sixteen_bits_is_exact_and_small_is_small(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).integers(-9000, 9000, (44100 * 12, 2), np.int16)
    noise[:: 44100 // 2] = -32768
    soundfile.write(tmp_path / "a.flac", noise, 44100)
    sound = Sound(tmp_path / "a.flac")
    parts = [
        soundfile.read(io.BytesIO(sound.chunk(n)), dtype="int16")[0] for n in range(3)
    ]
    assert np.array_equal(np.concatenate(parts), noise)
    tone = np.sin(2 * np.pi * 440 * np.arange(44100 * 12) / 44100) / 2
    small = Sound((tone, 44100), "small")
    margin = small.margin
    assert small.describe()["channels"] == 1
    decoded = [soundfile.read(io.BytesIO(small.chunk(n)))[0] for n in range(3)]
    decoded = [part[margin : len(part) - margin] for part in decoded]
    assert np.abs(np.concatenate(decoded) - tone).max() < 0.04


def test_more_channels_are_mixed_as_for_the_network(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).uniform(-0.4, 0.4, (44100, 6)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", noise, 44100, subtype="FLOAT")
    got, _ = soundfile.read(io.BytesIO(Sound(tmp_path / "a.wav").chunk(0)))
    assert np.abs(got - load_audio(tmp_path / "a.wav")).max() < 2**-22


def test_parts_shifts_and_slices_stay_what_they_are(groove: Transcription) -> None:
    for changed in (
        groove[2.0:8.0],
        groove["HH"],
        groove.shifted(0.123456),
        groove.coarse(),
        replace(groove, activations=None),
        example(),
        Transcription(),
        Transcription(onsets=(Onset(1.0, Drum.KD),), source=Source(duration=3.0)),
    ):
        assert PickedSong(changed).corrected(Layer()).onsets == changed.onsets
        made = DrumWidget(changed, audio=False)
        assert made.transcription.onsets == changed.onsets


def test_logs_come_back_from_json() -> None:
    score, log = PickedSong(example()), Log()
    for action in actions(score, 80):
        log = log.act(action)
    again = Log.from_dict(json.loads(json.dumps(log.to_dict())))
    assert again == log
    assert fold(again) == fold(log)
    for bad in ({}, {"steps": [], "cursor": 1}, {"steps": [[]], "cursor": 0}, None):
        with pytest.raises(EditError):
            Log.from_dict(bad)


ADD = {"op": "add", "id": "u", "time": 1.0, "drum": "KD", "velocity": 9}
TEMPO = {"op": "tempo", "factor": 2}


def threshold(value: float) -> dict[str, Any]:
    return {"op": "threshold", "drum": "KD", "value": value}


def done(*actions: tuple[Any, ...]) -> Log:
    """Return a log of actions: kind, name, and operations."""
    log = Log()
    for kind, name, *ops in actions:
        log = log.act({"kind": kind, "name": name, "ops": ops})
    return log


def test_a_step_is_undone_by_name_among_those_of_others() -> None:
    mine, other = ("do", "a-0", ADD), ("do", "b-0", {"op": "delete", "id": "KD:50"})
    log = done(mine, other, ("undo", "a-0"))
    assert (log.names, log.cursor) == (("b-0", "a-0"), 1)
    assert list(fold(log).hits) == ["KD:50"]
    with pytest.raises(EditError, match="has undone this edit before"):
        log.act({"kind": "undo", "name": "a-0"})
    # In any order they come back.
    log = done(mine, other, ("undo", "a-0"), ("undo", "b-0"), ("redo", "a-0"))
    assert (log.names, log.cursor) == (("a-0", "b-0"), 1)
    with pytest.raises(EditError, match="redone this one"):
        log.act({"kind": "redo", "name": "a-0"})
    # Handed in once more it is not done again.
    assert log.act({"kind": "do", "name": "b-0", "ops": [ADD]}) is log
    for action in ({"kind": "undo"}, {"kind": "redo", "name": 7}):
        with pytest.raises(EditError, match="the name of a step"):
            log.act(action)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"op": "delete", "id": "u"}, {"op": "delete", "id": "u"}),
        (threshold(0.2), threshold(0.3)),
        (TEMPO, {"op": "bar", "time": 3.0}),
    ],
)
def test_a_step_is_not_undone_beneath_what_another_did_with_the_same(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    steps = ("do", "x", ADD), ("do", "a-1", first), ("do", "b-0", second)
    with pytest.raises(EditError, match="has changed the same later"):
        done(*steps, ("undo", "a-1"))
    back = (*steps, ("undo", "b-0"), ("undo", "a-1"))
    with pytest.raises(EditError, match="has changed the same later"):
        done(*back, ("redo", "b-0"))
    assert done(*back, ("redo", "a-1"), ("redo", "b-0")).cursor == 3


def test_steps_of_earlier_builds_have_numbers_for_names() -> None:
    old = {"steps": [[ADD], [TEMPO]], "cursor": 1}
    assert Log.from_dict(old).names == ("0", "1")
    for names in (["a"], ["a", "a"], ["a", 1], ["a", "<b>"], "ab", None):
        assert Log.from_dict({**old, "names": names}).names == ("0", "1")
    assert Log.from_dict({**old, "names": ["a", "b"]}).names == ("a", "b")


def test_without_the_recording_it_says_so(groove: Transcription) -> None:
    gone = replace(groove, source=replace(groove.source, path="gone.flac"))
    with pytest.raises(FormatError, match=r"gone\.flac is gone"):
        gone.widget()
    assert gone.widget(audio=False).transcription == gone
    made = gone.widget(audio=GROOVE)
    assert made.transcription == gone
    made.close()


def test_without_anywidget_it_names_the_cure() -> None:
    code = (
        "import sys; sys.modules['anywidget'] = None\n"
        "from adt_plugins import Transcription\n"
        "try: Transcription().widget()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed == (
        "MissingDependencyError the widget needs anywidget:"
        f" {install_command('anywidget', 'notebook')}\n"
    )
