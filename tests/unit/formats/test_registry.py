"""The registry: recognising formats, naming files, converting between all."""

from __future__ import annotations

import doctest
import importlib
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.base.late import LateFunction
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, AdtWarning, FormatError
from adt_plugins.formats import Format
from adt_plugins.transcription import Transcription
from tests.support.make_golden import GOLDEN, PLAIN, golden, write_all

HITS = Transcription((Onset(0.5, Drum.KD), Onset(1.0, Drum.SD), Onset(1.5, Drum.CHH)))
READABLE = [form.id for form in formats.FORMATS.values() if form.read and form.write]
BOTH_WAYS = [form for form in PLAIN if form in READABLE]
LABELS = "0.5\t0.5\tKD\n1.0\t1.0\tSD\n1.5\t1.5\tCHH\n"
CODES = "0.5 \t KD \n1.0 \t SD \n1.5 \t CHH \n"
TABLE = "time,drum\n0.5,KD\n1.0,SD\n1.5,CHH\n"


def test_the_registry() -> None:
    suffixes = {form.id: form.suffix for form in formats.FORMATS.values()}
    assert (
        suffixes.items()
        >= {
            "json": ".drums.json",
            "labels": ".labels.txt",
            "labels-split": ".labels.txt",
            "midi": ".drums.mid",
            "csv": ".drums.csv",
            "adtlib": ".ADT.txt",
        }.items()
    )
    for name, form in formats.FORMATS.items():
        assert form.id == name
        assert form.description
        assert form.write or form.read
        assert set(form.needs) <= {"audio", "beats", "activations"}


def test_golden_files(tmp_path: Path) -> None:
    written = {path.name: path.read_bytes() for path in write_all(tmp_path)}
    kept = {p.name: p.read_bytes() for p in GOLDEN.iterdir() if p.name[0] != "."}
    assert written == kept


@pytest.mark.parametrize(
    ("name", "most_seconds"),
    [
        ("golden.drums.json", 5.1e-7),
        ("golden.drums.csv", 5.1e-7),
        ("golden.labels.txt", 0.5e-9),
        ("golden.labels.CHC.txt", 0.5e-9),
        ("golden.drums.mid", 0.5 / 1920),
        ("golden.ADT.txt", 0.5e-4),
        ("golden.reaper.csv", 0.5e-9),
        ("golden.sv.csv", 0.5e-9),
        ("golden.jams", 0.0),
    ],
)
def test_golden_files_read_back(name: str, most_seconds: float) -> None:
    read = formats.read(GOLDEN / name)
    want = golden().coarse()
    if name.endswith(".mid"):  # two hits of the closed hi-hat were one
        onsets = tuple(o for o in want.onsets if o.time != 0.5001)
        want = Transcription(onsets)
    if name.endswith(".ADT.txt"):
        want = want.only(["KD", "SD", "HH"])
    assert read.coarse().counts() == want.counts()
    for drum in want.counts():
        gap = abs(read.times(drum) - want.times(drum)).max()
        assert gap <= most_seconds + 1e-12


def test_every_readable_format_converts_into_every_other(tmp_path: Path) -> None:
    plain = HITS.coarse()
    for source in BOTH_WAYS:
        folder = tmp_path / source
        folder.mkdir()
        [first, *_] = formats.write_all(plain, "song", folder, [source])
        others = [form for form in BOTH_WAYS if form != source]
        made = formats.convert(first, others, tmp_path / source / "..", overwrite=True)
        for path in made:
            read = formats.read(path).coarse()
            assert read.counts() == plain.counts(), (source, path)
            assert read.times("SD") == [1.0]
        assert made[0].name.startswith("song.")


@pytest.mark.parametrize(
    ("name", "stem", "form"),
    [
        ("song.drums.json", "song", "json"),
        ("song.labels.txt", "song", "labels"),
        ("SONG.LABELS.TXT", "SONG", "labels"),
        ("song.labels.KD.txt", "song", "labels-split"),
        ("song.labels.xyz.txt", "song.labels.xyz", None),
        ("song.drums.mid", "song", "midi"),
        ("song.midi", "song", "midi"),
        ("song.drums.csv", "song", "csv"),
        ("song.ADT.txt", "song", "adtlib"),
        ("song.txt", "song", None),
        ("song.subclass.txt", "song.subclass", None),
        ("take.2.flac", "take.2", None),
        (".labels.txt", ".labels", "labels"),
        ("Söng mit 3. Satz.drums.json", "Söng mit 3. Satz", "json"),
        ("song", "song", None),
    ],
)
def test_names(name: str, stem: str, form: str | None) -> None:
    assert formats.song_stem(Path("a.b") / name) == stem
    assert formats.format_of_name(name) == form


def test_every_function_that_is_imported_late_is_there() -> None:
    late = [
        function
        for form in formats.FORMATS.values()
        for function in vars(form).values()
        if isinstance(function, LateFunction)
    ]
    assert len(late) > 50
    for function in late:
        assert function.load().__module__.startswith("adt_plugins.formats.")


@pytest.mark.parametrize("form", formats.FORMATS)
def test_output_names_lead_back_to_the_song(form: str) -> None:
    path = formats.output_path("take.2 ü", "folder", form)
    assert path == Path("folder") / f"take.2 ü{formats.FORMATS[form].suffix}"
    for file in formats.possible_outputs(path, form):
        if file.parent == path:
            continue  # of a folder, only the folder has the song's name
        assert formats.song_stem(file) == "take.2 ü"
        assert formats.format_of_name(file) == form


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.txt", LABELS, "labels"),
        ("a.txt", "\ufeff\r\n0,5\t0,5\tKD\r\n1\t1\tSD\n1.5\t2\tCHH", "labels"),
        ("a.txt", CODES, "adtlib"),
        ("a", HITS.to_json(), "json"),
        ("a.txt", TABLE, "csv"),
        ("a.csv", TABLE, "csv"),
        ("a.csv", LABELS, "labels"),
        ("a.labels.txt", CODES, "adtlib"),
        ("a.ADT.txt", LABELS, "labels"),
        ("a.mid", HITS.to_json(), "json"),
    ],
)
def test_content_tells_the_format_where_the_name_does_not(
    tmp_path: Path, name: str, content: str, form: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    assert formats.format_of_file(path) == form
    assert formats.read(path) == HITS


def test_midi_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    formats.write(HITS, path, "midi")
    assert formats.read(path).times("SD") == [1.0]


@pytest.mark.parametrize(
    ("content", "first"),
    [
        (b"hello", "'hello'"),
        (b"\n\n0.5 0.5 my kick\r\n", "'0.5 0.5 my kick'"),
        (b"\x1b]0;x\x07", r"'\x1b]0;x\x07'"),
        (b"\x00\xff" * 3000, ""),
        (b" \n", ""),
    ],
)
def test_an_unknown_kind_of_file_is_one_line(
    tmp_path: Path, content: bytes, first: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError) as error:
        formats.read(path)
    readable = [form.id for form in formats.FORMATS.values() if form.read]
    assert str(error.value) == (
        f"{path}: unknown format; these can be read: {', '.join(readable)}"
        + (f"; its first line is {first}" if first else "")
    )
    path.write_bytes(b"")
    with pytest.raises(FormatError, match=r"a\.txt: is empty$"):
        formats.read(path)


@pytest.mark.parametrize("form", READABLE)
@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\0\0", b"\xff" * 5000, b"\0" * 5000, b"\x1b]0;x\x07\n"],
)
def test_no_reader_takes_binary(tmp_path: Path, form: str, content: bytes) -> None:
    path = tmp_path / "song.labels.KD.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError) as error:
        formats.read(path, form)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert message.removeprefix(str(path)).isprintable()
    assert len(message) < len(str(path)) + 150


@pytest.mark.parametrize("form", BOTH_WAYS)
def test_silence_survives(tmp_path: Path, form: str) -> None:
    written = formats.write_all(Transcription(), "song", tmp_path, [form])
    if form == "labels-split":
        assert written == []
    else:
        assert formats.read(written[0], form) == Transcription()


# Writing


@pytest.mark.parametrize("form", ["labels", "reaper", "sv"])
def test_text_that_is_none(tmp_path: Path, form: str) -> None:
    # JSON can spell half of a character.
    score = Transcription(labels=(Label(1.0, 2.0, "half \ud800"),))
    with pytest.raises(FormatError) as error:
        formats.write(score, tmp_path / "song", form)
    assert str(error.value) == f"{tmp_path / 'song'}: '\\ud800' cannot be written"
    assert list(tmp_path.iterdir()) == []


def test_write_all_is_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "song.labels.TT.txt").write_text("mine")
    forms = ["json", "midi", "labels-split"]
    with pytest.raises(formats.OutputExistsError, match=r"labels\.TT\.txt: exists"):
        formats.write_all(HITS, "song", tmp_path, forms)
    assert [p.name for p in tmp_path.iterdir()] == ["song.labels.TT.txt"]
    assert len(formats.write_all(HITS, "song", tmp_path, forms, overwrite=True)) == 6


def test_options_go_to_their_writer(tmp_path: Path) -> None:
    options = {"labels": {"text": "name"}}
    formats.write_all(HITS, "a", tmp_path, ["csv", "labels"], options=options)
    text = (tmp_path / "a.labels.txt").read_text()
    assert text.splitlines()[0] == "0.500000000\t0.500000000\tKick"
    with pytest.raises(TypeError):
        formats.write(HITS, tmp_path / "b.csv", "csv", text="name")


@pytest.mark.parametrize("name", ["nonsense", ""])
def test_unknown_formats_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match=r"unknown format .*there are json, labels"):
        formats.write_all(HITS, "a", tmp_path, [name])
    with pytest.raises(FormatError, match=r"unknown format .*there are json, labels"):
        formats.find_format(name)


def test_a_format_of_one_way_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(formats.FORMATS, "x", Format("x", "", ".x"))
    with pytest.raises(FormatError, match=r"a\.x: x files can only be read"):
        formats.write(HITS, tmp_path / "a.x")
    (tmp_path / "a.x").touch()
    with pytest.raises(FormatError, match=r"a\.x: x files can only be written"):
        formats.read(tmp_path / "a.x")


def test_needs_are_checked_before_the_writer_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: dict[str, Any] = {}

    def write(transcription: Transcription, path: Path, **options: Any) -> list[Path]:
        got.update(options)
        return [path]

    form = Format("x", "", ".x", write, needs=("beats", "audio"))
    monkeypatch.setitem(formats.FORMATS, "x", form)
    with pytest.raises(FormatError, match="x needs beats"):
        formats.write(HITS, tmp_path / "a.x")
    assert not got
    with_beats = Transcription(beats=(Beat(1.0, 1),))
    formats.write(with_beats, tmp_path / "a.x", audio="song.wav")
    assert got["audio"] == "song.wav"
    form = Format("x", "", ".x", write, needs=("activations",))
    monkeypatch.setitem(formats.FORMATS, "x", form)
    with pytest.raises(FormatError, match="x needs activations"):
        formats.write(HITS, tmp_path / "a.x")


# Converting


def test_convert_writes_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "song.txt"
    path.write_text(CODES)
    made = formats.convert(
        path, ["labels", "midi", "labels"], change=lambda t: t["KD", "HH"].shifted(1)
    )
    assert [p.name for p in made] == [
        "song.labels.txt",
        "song.drums.mid",
        "song.drums.120bpm.mid",
    ]
    assert [o.time for o in formats.read(made[0])] == [1.5, 2.5]
    made[1].write_bytes(made[1].read_bytes() + b"changed")
    with pytest.raises(formats.OutputExistsError):
        formats.convert(path, ["csv", "midi"])
    assert not (tmp_path / "song.drums.csv").exists()


@pytest.mark.parametrize("form", BOTH_WAYS)
def test_convert_never_writes_over_its_input(tmp_path: Path, form: str) -> None:
    path, *more = formats.write_all(HITS["KD"], "song", tmp_path, [form])
    for other in more:
        other.unlink()
    before = path.read_bytes()
    with pytest.raises(AdtError, match="is read by this run"):
        formats.convert(path, ["json", "labels", form], overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


# Warnings


def test_warnings_go_where_they_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(LABELS + "2\t3\tverse\n4\t5\tverse\n6\t6\t\n")
    line = f"{path}: labels that name no drum are kept as labels: 'verse' (2), '' (1)"
    got: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert formats.read(path, warn=got.append).onsets == HITS.onsets
    assert got == [line]
    with pytest.warns(AdtWarning) as caught:
        formats.read(path)
    assert [(str(w.message), w.filename) for w in caught] == [(line, __file__)]


def test_importing_the_formats_imports_nothing_heavy() -> None:
    code = (
        "import sys, adt_plugins.formats.registry; "
        "print(*sorted({'mido', 'numpy', 'scipy', 'csv'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
    assert done.stderr == ""


@pytest.mark.parametrize(
    "module", ["formats.lookup", "base.reporting", "labels.names", "meter"]
)
def test_examples_in_the_documentation(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"adt_plugins.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = b"-1\t-1\tKD\n1\t1\tKD\nx\n"
    for text, count in ((content[:-2], 1), (content, None)):
        writer = Thread(target=pipe.write_bytes, args=(text,), daemon=True)
        writer.start()
        messages: list[str] = []
        if count is None:
            with pytest.raises(FormatError, match=f"^{re.escape(str(pipe))}: line 3"):
                formats.read(pipe, warn=messages.append)
        else:
            assert len(formats.read(pipe, warn=messages.append)) == count
            early = f"{pipe}: 1 label lies before 0 s and is left out"
            assert messages == [early]
        writer.join(10)
