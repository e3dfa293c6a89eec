"""Autosave: what the widget keeps in its file, alone and beside others."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import Transcription
from adt_plugins.editor.picks import PickedSong
from adt_plugins.errors import AdtError, AdtWarning
from adt_plugins.meter import Meter
from adt_plugins.notebook.document import Document
from tests.support.notebook.make_fixtures import actions
from tests.support.races import release
from tests.support.widgets import DrumWidget, Sent


def test_bars_are_in_the_autosave_and_the_files(
    groove: Transcription, tmp_path: Path
) -> None:
    path = tmp_path / "groove.drums.json"
    first = DrumWidget(groove, audio=False, autosave=path)
    first.set_meter("3/4")
    assert Transcription.read(path).beats == first.transcription.rounded().beats
    again = DrumWidget(groove, audio=False, autosave=path)
    assert again.transcription.meter == Meter(3)
    first.save(tmp_path / "song.mid", "midi")
    assert Transcription.read(tmp_path / "song.mid").meter == Meter(3)
    first.close()
    again.close()


def test_two_widgets_of_one_song(groove: Transcription) -> None:
    one, two = DrumWidget(groove), DrumWidget(groove)
    one.add(1.0, "KD")
    assert two.transcription == groove
    assert len(one.transcription) == len(groove) + 1
    one.close()
    two.close()


def test_hits_that_somebody_changed_in_the_autosave_are_kept(
    groove: Transcription, tmp_path: Path, user_home: Path
) -> None:
    path = tmp_path / "groove.drums.json"
    DrumWidget(groove, audio=False, autosave=path).add(1.234_567_89, "KD")
    untouched = path.read_text()
    data = json.loads(untouched)
    data["onsets"][3]["velocity"] = 1  # by hand
    path.write_text(changed := json.dumps(data))
    with pytest.warns(AdtWarning, match="had been changed"):
        again = DrumWidget(groove, audio=False, autosave=path)
    again.add(2.0, "SD")
    (kept,) = (user_home / "replaced").iterdir()
    assert kept.read_text() == changed
    assert len(Transcription.read(path)) == len(groove) + 2


def test_autosave_outlives_the_kernel(groove: Transcription, tmp_path: Path) -> None:
    path = tmp_path / "song.drums.json"
    score = PickedSong(groove)
    first = DrumWidget(groove, audio=False, autosave=path)
    assert not path.exists()
    for action in actions(score, 25, seed=4):
        first._act(action)
        assert Transcription.read(path).onsets == first.transcription.onsets
    first.undo()
    last = first.transcription
    first.close()
    del first
    gc.collect()  # with the widget its log is gone: this is what a new kernel finds
    again = DrumWidget(groove, audio=False, autosave=path)
    assert again.transcription == last
    count = len(again.edits)
    again.redo()
    assert len(again.edits) == count + 1
    # A file of another song is not replaced, nor one that is no transcription.
    other = replace(groove, onsets=groove.onsets[1:])
    for content in (other.to_json(), "something", "[]"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(AdtError, match=r"song\.drums\.json: exists"):
            DrumWidget(groove, audio=False, autosave=path)
        assert path.read_text(encoding="utf-8") == content
    # One that `adt transcribe` wrote of this very transcription is.
    path.write_text(groove.to_json(), encoding="utf-8")
    DrumWidget(groove, audio=False, autosave=path).add(2.0, "KD")
    assert len(Transcription.read(path)) == len(groove) + 1


def test_widgets_with_one_file_have_one_log(
    groove: Transcription, tmp_path: Path
) -> None:
    path = tmp_path / "song.drums.json"
    one = DrumWidget(groove, audio=False, autosave=path)
    two = DrumWidget(groove, audio=False, autosave=str(path))
    one.send, two.send = Sent(), Sent()
    for number in range(20):
        one.add(number, "KD")
        two.add(number, "SST")
    assert one.edits == two.edits
    assert len(Transcription.read(path)) == len(groove) + 40
    assert one.revision == two.revision == 40
    # Both have sent their browsers all edits.
    assert [m["revision"] for m, _ in one.send] == list(range(1, 41))
    assert one.send == two.send
    two.close()
    one.undo()
    assert len(Transcription.read(path)) == len(groove) + 39


def test_kernels_undo_what_they_have_seen(
    groove: Transcription, tmp_path: Path
) -> None:
    path = tmp_path / "song.drums.json"
    # A document for each kernel; widgets of one kernel would share one.
    one, two = (Document(PickedSong(groove), path) for _ in range(2))
    for name in ("a", "b"):
        one.act(doing(name))
    two.act(doing("c"))
    for name in ("b", "a"):
        one.act({"kind": "undo", "name": name})
    assert len(Transcription.read(path)) == len(groove) + 1
    two.refresh()
    assert two.log.names == ("c", "a", "b")
    assert two.log.cursor == 1
    # What another has undone or changed is refused in a sentence, and nothing happens.
    two.act({"kind": "redo", "name": "a"})
    two.act({"kind": "do", "ops": [{"op": "delete", "id": "hit-a"}]}, "browser", 4)
    before = path.read_bytes()
    with pytest.raises(AdtError, match="has changed the same later"):
        one.act({"kind": "undo", "name": "a"})
    with pytest.raises(AdtError, match="another editor has made an edit"):
        one.act({"kind": "redo", "name": "b"})
    assert path.read_bytes() == before
    assert one.log.names == ("c", "a", "browser-4")


def doing(name: str) -> dict[str, Any]:
    """Return the action that adds a hit."""
    hit = {"id": f"hit-{name}", "time": 1.0, "drum": "SST", "velocity": 9}
    return {"kind": "do", "name": name, "ops": [{"op": "add", **hit}]}


def test_python_undoes_no_edit_that_it_has_not_seen(
    groove: Transcription, tmp_path: Path
) -> None:
    path = tmp_path / "song.drums.json"
    widget = DrumWidget(groove, audio=False, autosave=path)
    widget.add(1.0, "KD")
    other = Document(PickedSong(groove), path)
    other.act(doing("c"))
    widget.undo()
    assert [op["id"] for (op,) in widget.edits] == ["hit-c"]
    widget.redo()
    other.refresh()
    other.act({"kind": "undo", "name": other.log.names[1]})
    with pytest.raises(AdtError, match="has undone this edit before"):
        widget.undo()
    assert [op["id"] for (op,) in widget.edits] == ["hit-c"]


EDITOR = """
import sys
from adt_plugins import Transcription
from adt_plugins.notebook import DrumWidget
song = Transcription.read(sys.argv[1])
widget = DrumWidget(song, audio=False, autosave=sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for number in range(25):
    widget.add(number + float(sys.argv[3]), "SST")
print(len(widget.edits))
"""


@pytest.mark.slow
def test_kernels_with_one_file_keep_what_both_do(
    groove: Transcription, tmp_path: Path
) -> None:
    song = groove.save(tmp_path / "groove.json", "json")[0]
    path = tmp_path / "song.drums.json"
    mine = DrumWidget(Transcription.read(song), audio=False, autosave=path)
    mine.send = Sent()
    command = [sys.executable, "-c", EDITOR, str(song), str(path)]
    others = [
        subprocess.Popen(
            [*command, part], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for part in ("0.1", "0.2")
    ]
    release(others)
    for number in range(25):
        mine.add(number + 0.3, "SST")
    for other in others:
        other.communicate()
        assert other.returncode == 0
    assert len(Transcription.read(path)) == len(groove) + 75
    assert len(mine.hits) == len(groove) + 75
    # A browser is told of the others' edits, too.
    assert any(message["type"] == "log" for message, _ in mine.send)
    mine._receive(None, {"type": "log"}, [])
    assert len(mine.send[-1][0]["log"]["steps"]) == 75


def test_a_folder_that_is_gone_refuses_the_edit(
    groove: Transcription, tmp_path: Path
) -> None:
    made = DrumWidget(groove, audio=False, autosave=tmp_path / "no" / "x.drums.json")
    with pytest.raises(AdtError, match="no such folder"):
        made.add(1.0, "KD")
    assert made.edits == []
