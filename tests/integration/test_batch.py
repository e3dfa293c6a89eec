"""``adt batch``: what is done, what is not done again, and what the manifest says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.base.hashing import sha256
from adt_plugins.network.catalogue import find_model
from adt_plugins.picking.kit_adaptation import Adaptation
from tests.support.batch import batch, files, lines, times
from tests.support.commands import run
from tests.support.recordings import HITS, assert_heard, write_wave
from tests.support.tiny_model import play

pytestmark = pytest.mark.usefixtures("user_home")


def test_a_library_keeps_its_folders(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert batch(library, "-o", out, "--format", "labels") == 1
    captured = capsys.readouterr()
    reason = f"{library / 'two' / 'broken.mp3'}: not an audio file"
    assert captured.err == f"adt: {reason}\n"
    assert captured.out.splitlines()[-1] == (
        f"2 done, 1 failed: {out / 'manifest.jsonl'}"
    )
    assert "3/3 " in captured.out
    assert "0:00:00 left" in captured.out
    assert set(files(out)) == {
        "manifest.jsonl",
        "one/söng.labels.txt",
        "two/deep/söng.labels.txt",
    }
    assert_heard(formats.read(out / "one" / "söng.labels.txt"), HITS)
    written = lines(out)
    assert list(written) == ["one/söng.wav", "two/broken.mp3", "two/deep/söng.wav"]
    assert written["one/söng.wav"]["onsets"] == {"KD": 2, "SD": 2, "HH": 3}
    digest = sha256(out / "one" / "söng.labels.txt")
    assert written["one/söng.wav"]["outputs"] == [
        {"format": "labels", "path": "one/söng.labels.txt", "sha256": digest}
    ]
    failed = written["two/broken.mp3"]
    assert (failed["status"], failed["error"]) == ("failed", reason)
    assert failed["outputs"] == []


def test_the_report_is_that_of_transcribing(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, song = library / "two" / "broken.mp3", library / "one" / "söng.wav"
    missing, out = library / "missing.wav", tmp_path / "out"
    inputs = (str(missing), str(song), str(broken))
    how = ("--format", "labels", "--report", "json")
    assert batch(*inputs, "-o", out, *how) == 1
    captured = capsys.readouterr()
    assert captured.out.isascii()
    report = json.loads(captured.out)
    assert run("transcribe", "--model", "tiny", *inputs, "-o", out, *how) == 1
    expected = json.loads(capsys.readouterr().out)
    assert report.keys() == expected.keys()
    assert report["version"] == expected["version"]
    results = {result["input"]: result for result in report["results"]}
    assert list(results) == sorted(inputs)
    for result in expected["results"]:
        assert results[result["input"]].keys() == result.keys()
    done = results[str(song)]
    assert done["outputs"] == [
        {"format": "labels", "path": str(out / "one" / "söng.labels.txt")}
    ]
    assert done["seconds"] > 0
    assert results[str(missing)]["error"] == f"{missing}: no such file or folder"
    errors = [results[name]["error"] for name in (str(missing), str(broken))]
    assert captured.err == "".join(f"adt: {error}\n" for error in errors)
    # Nothing is done again, and all of it is reported again.
    assert batch(*inputs, "-o", out, *how) == 1
    again = json.loads(capsys.readouterr().out)["results"]
    done["seconds"] = None
    assert again == list(results.values())


def test_only_what_is_new_or_has_changed_is_done_again(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert batch(library, "-o", out, "-q") == 1
    first, manifest = times(out), files(out)["manifest.jsonl"]
    assert len(first) == 6
    capsys.readouterr()

    assert batch(library, "-o", out) == 1
    captured = capsys.readouterr()
    assert times(out) == first
    assert files(out)["manifest.jsonl"] == manifest
    assert captured.out == (
        f"0 done, 2 done before, 1 failed: {out / 'manifest.jsonl'}\n"
    )
    assert "not an audio file (not tried again without --retry)" in captured.err

    # A new date alone is no change, other sound is, a missing output is missed.
    os.utime(library / "one" / "söng.wav", ns=(0, 10**18))
    assert batch(library, "-o", out, "-q") == 1
    assert times(out) == first
    write_wave(library / "two" / "deep" / "söng.wav", play([(0.5, "SD")], 1.0))
    (out / "one" / "söng.labels.txt").unlink()
    write_wave(library / "new.wav", play([(0.5, "KD")], 1.0))
    assert batch(library, "-o", out, "-q") == 1
    changed = formats.read(out / "two" / "deep" / "söng.labels.txt")
    assert_heard(changed, [(0.5, "SD")])
    assert_heard(formats.read(out / "one" / "söng.labels.txt"), HITS)
    assert_heard(formats.read(out / "new.labels.txt"), [(0.5, "KD")])

    # So is another way to do it, and a failure on request.
    write_wave(library / "two" / "broken.mp3", play([(0.5, "KD")], 1.0))
    capsys.readouterr()
    assert batch(library, "-o", out, "--drums", "KD") == 0
    assert "4 done, 0 failed" in capsys.readouterr().out
    assert_heard(formats.read(out / "one" / "söng.labels.txt"), [
        hit for hit in HITS if hit[1] == "KD"
    ])  # fmt: skip


def test_failures_are_tried_again_on_request(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert batch(library, "-o", out, "-q") == 1
    capsys.readouterr()
    assert batch(library, "-o", out, "--retry") == 1
    captured = capsys.readouterr()
    assert "1/1 broken.mp3: failed" in captured.out
    assert captured.err.endswith("broken.mp3: not an audio file\n")


def test_the_result_does_not_depend_on_the_order(library: Path, tmp_path: Path) -> None:
    names = [str(path) for path in library.rglob("*.*") if path.suffix != ".txt"]
    for number, (order, processes) in enumerate([(1, 1), (-1, 2)]):
        listed = tmp_path / f"{number}.m3u"
        listed.write_text("#EXTM3U\n" + "\n".join(names[::order]), encoding="utf-8")
        batch(listed, "-o", tmp_path / f"out{number}", "-q", "-j", str(processes))
    assert len(files(tmp_path / "out0")) > 8
    assert files(tmp_path / "out0") == files(tmp_path / "out1")


def test_lists_patterns_and_single_recordings(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = library / "list.txt"
    listed.write_text("one/söng.wav\n\n# a comment\n", encoding="utf-8")
    assert batch(listed, "-o", tmp_path / "a", "-q") == 0
    assert list(lines(tmp_path / "a")) == ["one/söng.wav"]
    pattern = library / "**" / "*.wav"
    assert batch(pattern, "-o", tmp_path / "b", "-q") == 0
    assert {"one/söng.wav", "two/deep/söng.wav"} <= set(lines(tmp_path / "b"))
    with (library / "list.txt").open() as stdin:
        monkeypatch.chdir(library)
        monkeypatch.setattr("sys.stdin", stdin)
        assert batch("-", "-o", tmp_path / "c", "-q") == 0
    assert files(tmp_path / "c").keys() == files(tmp_path / "a").keys()


def test_same_names_side_by_side_keep_their_endings(
    library: Path, tmp_path: Path
) -> None:
    write_wave(library / "one" / "SÖNG.wave", play([(0.5, "KD")], 1.0))
    batch(library / "one", "-o", tmp_path / "out", "-q", "--format", "labels")
    assert set(files(tmp_path / "out")) == {
        "SÖNG.wave.labels.txt",
        "söng.wav.labels.txt",
        "manifest.jsonl",
    }


@pytest.mark.skipif(os.name == "nt", reason="not on this system: links for everyone")
def test_links_form_no_loop_and_lead_on(library: Path, tmp_path: Path) -> None:
    (library / "two" / "up").symlink_to(library, target_is_directory=True)
    (library / "self").symlink_to("self")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_wave(elsewhere / "far.wav", play([(0.5, "KD")], 1.0))
    (library / "link").symlink_to(elsewhere, target_is_directory=True)
    (library / "gone.wav").symlink_to("nowhere.wav")
    os.mkfifo(library / "pipe.wav")  # nobody would ever write into it
    out = library / "out"  # inside: it is no recording's folder
    for _ in range(2):
        assert batch(library, "-o", out, "-q", "--format", "click,labels") == 1
        assert list(lines(out)) == [
            "gone.wav",
            "link/far.wav",
            "one/söng.wav",
            "two/broken.mp3",
            "two/deep/söng.wav",
        ]
    assert lines(out)["gone.wav"]["error"].endswith("gone.wav: no such file or folder")


def test_a_file_of_the_user_is_never_replaced(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "out" / "söng.labels.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    assert batch(library / "one", "-o", mine.parent, "-q") == 1
    assert capsys.readouterr().err == f"adt: {mine}: exists; use --overwrite\n"
    assert mine.read_text() == "mine"
    assert set(files(mine.parent)) == {"söng.labels.txt", "manifest.jsonl"}
    assert batch(library / "one", "-o", mine.parent, "-q", "--overwrite") == 0
    assert_heard(formats.read(mine), HITS)


def test_what_a_user_corrected_is_kept(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = (library / "one", "-o", out, "--format", "labels,csv")
    assert batch(*options, "-q") == 0
    corrected, other = out / "söng.labels.txt", out / "söng.drums.csv"
    corrected.write_text("1.0\t1.0\tSD\n")
    [before] = lines(out).values()
    capsys.readouterr()
    for _ in range(2):  # and it is not forgotten
        for drum in ("KD", "SD"):
            assert batch(*options, "--drums", drum) == 0
            assert capsys.readouterr().err == (
                f"adt: warning: {corrected}: has been changed since it was written, and"
                " is kept (--overwrite replaces it)\n"
            )
            assert corrected.read_text() == "1.0\t1.0\tSD\n"
            assert formats.read(other).counts() == {drum: 2}
    [line] = lines(out).values()
    assert line["status"] == "done"
    labels = [item for item in line["outputs"] if item["format"] == "labels"]
    assert labels == [i for i in before["outputs"] if i["format"] == "labels"]
    assert batch(*options, "--overwrite") == 0
    assert_heard(formats.read(corrected), HITS)


def test_the_hash_of_an_output_is_in_the_manifest_alone(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library is moved, or another user goes on with it."""
    out = tmp_path / "out"
    assert batch(library / "one", "-o", out, "-q") == 0
    (Path(os.environ["ADT_PLUGINS_HOME"]) / "written.sqlite").unlink()
    moved = tmp_path / "moved"
    out.rename(moved)
    assert batch(library / "one", "-o", moved, "-q", "--drums", "KD") == 0
    assert formats.read(moved / "söng.labels.txt").counts() == {"KD": 2}


def test_recordings_are_never_outputs(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song, click = library / "one" / "söng.wav", library / "one" / "söng.click.wav"
    click.write_bytes(song.read_bytes())
    before = click.read_bytes()
    options = ("-o", library / "one", "--format", "click", "--overwrite", "-q")
    assert batch(song, click, *options) == 1
    assert f"{click}: is read by this run" in capsys.readouterr().err
    assert click.read_bytes() == before
    assert click.with_name("söng.click.click.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["{library}"], "the following arguments are required: -o"),
        (["{library}/nothing", "-o", "{out}"], "{library}/nothing: no such file or"),
        (["{library}/song_data", "-o", "{out}"], "song_data: no recordings"),
        (["{library}", "-o", "{library}/notes.txt"], "notes.txt' must be a folder"),
        (["{library}", "-o", "{out}", "--threshold", "CY=0.5"], "has no drum CY"),
        (["{library}", "-o", "{out}", "-j", "0"], "is not a number of processes"),
        (
            ["{library}/zero.txt", "-o", "{out}"],
            "zero.txt: is not a list of recordings",
        ),
    ],
)
def test_what_is_wrong_with_the_command(
    arguments: list[str],
    reason: str,
    library: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (library / "zero.txt").write_bytes(b"one/a\0b.wav\n")
    places = {"library": library, "out": tmp_path / "out"}
    assert batch(*(text.format(**places) for text in arguments)) == 2
    error = capsys.readouterr().err
    assert reason.format(**places) in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_a_kit_that_was_learnt_again_is_used(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, kit = tmp_path / "out", tmp_path / "kit.json"
    command = (library / "one", "-o", out, "--format", "labels", "--adapt", kit)
    for bias, hits in ((-9.0, [h for h in HITS if h[1] != "SD"]), (0.0, HITS)):
        learnt = Adaptation(find_model("tiny").sha256, ("SD",), {"SD": (1.0, bias)})
        kit.write_text(learnt.to_json(), encoding="utf-8")
        for state in ("1 done, 0 failed", "0 done, 1 done before"):
            assert batch(*command) == 0
            assert state in capsys.readouterr().out
        assert_heard(formats.read(out / "söng.labels.txt"), hits)
