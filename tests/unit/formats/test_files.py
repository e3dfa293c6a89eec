"""Files are written whole or not at all, and read with one line of reason."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Onset
from adt_plugins.base import files
from adt_plugins.base.files import decode, lines, replacing, write_files
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.transcription import Transcription
from tests.support.make_golden import PLAIN

posix_only = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and links")
HITS = Transcription((Onset(0.5, Drum.KD), Onset(1.0, Drum.SD)))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writing_makes_the_file_and_nothing_else(tmp_path: Path) -> None:
    assert write_files({tmp_path / "a": b"1"}, overwrite=False) == [tmp_path / "a"]
    assert (tmp_path / "a").read_bytes() == b"1"
    assert names(tmp_path) == ["a"]


def test_an_existing_file_stays_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(formats.OutputExistsError) as error:
        write_files({tmp_path / "b": b"new", path: b"new"}, overwrite=False)
    assert str(error.value) == f"{path}: exists; use --overwrite"
    assert isinstance(error.value, AdtError)
    assert isinstance(error.value, FileExistsError)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]
    write_files({path: b"new"}, overwrite=True)
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


def test_a_file_that_appears_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "a"

    def write() -> None:
        with replacing(path) as [draft]:
            draft.write_bytes(b"new")
            path.write_bytes(b"somebody else's")

    with pytest.raises(formats.OutputExistsError):
        write()
    assert path.read_bytes() == b"somebody else's"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError, SystemExit])
@pytest.mark.parametrize("there", [False, True])
def test_nothing_is_left_of_a_write_that_ends_early(
    tmp_path: Path, error: type[BaseException], there: bool
) -> None:
    path = tmp_path / "a"
    if there:
        path.write_bytes(b"old")

    def write() -> None:
        with replacing(path, overwrite=True) as [draft]:
            draft.write_bytes(b"half")
            raise error

    with pytest.raises(AdtError if error is OSError else error):
        write()
    assert names(tmp_path) == (["a"] if there else [])
    assert not there or path.read_bytes() == b"old"


@pytest.mark.parametrize("form", PLAIN)
def test_every_writer_leaves_nothing_when_interrupted(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        formats.write(HITS, tmp_path / "song.txt", form)
    assert names(tmp_path) == []


def test_a_full_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(AdtError) as error:
        formats.write(HITS, tmp_path / "song.drums.mid")
    assert str(error.value) == f"{tmp_path / 'song.drums.mid'}: No space left on device"
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [("absent/a.json", "no such folder"), ("folder", "is a folder")],
)
def test_targets_that_cannot_be(tmp_path: Path, target: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(AdtError) as error:
        formats.write(HITS, tmp_path / target, "json", overwrite=True)
    assert str(error.value) == f"{tmp_path / target}: {reason}"
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("target", ["a\0b.json", "n" * 300 + ".json"])
def test_names_that_cannot_be(tmp_path: Path, target: str) -> None:
    with pytest.raises(AdtError):
        formats.write(HITS, tmp_path / target)
    with pytest.raises(AdtError):
        formats.read(tmp_path / target)
    assert names(tmp_path) == []


def test_a_long_name_needs_no_longer_one(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 120 + ".drums.json")  # 251 of 255 bytes
    formats.write(HITS, path)
    assert formats.read(path) == HITS


@posix_only
def test_permissions_are_the_usual_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    before = os.umask(0o027)
    try:
        formats.write(HITS, path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o600)
    formats.write(HITS, path, overwrite=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix_only
def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "a.json"
    link.symlink_to(tmp_path / "there" / "b.json")
    with pytest.raises(formats.OutputExistsError):
        formats.write(HITS, link)
    formats.write(HITS, link, overwrite=True)
    assert link.is_symlink()
    assert names(tmp_path / "there") == ["b.json"]
    assert formats.read(link) == HITS


@posix_only
@pytest.mark.skipif(
    sys.platform != "win32" and os.geteuid() == 0,
    reason="not on this system: root may do anything",
)
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(AdtError, match=r"a\.json: Permission denied"):
        formats.write(HITS, tmp_path / "a.json")


# Reading


@pytest.mark.parametrize(
    "form", [None, *(f.id for f in formats.FORMATS.values() if f.read)]
)
def test_what_is_not_there_is_one_line(tmp_path: Path, form: str | None) -> None:
    path = tmp_path / "song.labels.KD.txt"
    with pytest.raises(AdtError) as error:
        formats.read(path, form)
    assert str(error.value) == f"{path}: no such file"


@pytest.mark.parametrize("form", [None, "json", "labels", "midi", "csv", "adtlib"])
def test_a_folder_is_one_line(tmp_path: Path, form: str | None) -> None:
    with pytest.raises(AdtError) as error:
        formats.read(tmp_path, form)
    assert str(error.value) == f"{tmp_path}: is a folder"


def test_what_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text(HITS.to_json())
    monkeypatch.setattr(files, "MAX_BYTES", 20)
    with pytest.raises(FormatError, match=r"a\.json: too large"):
        formats.read(path)


@pytest.mark.parametrize(
    "data",
    [
        "é\r".encode(),
        b"\xef\xbb\xbf" + "é\r".encode(),
        "é\r".encode("utf-16"),
        b"\xfe\xff" + "é\r".encode("utf-16-be"),
    ],
)
def test_decode_takes_marks(data: bytes) -> None:
    assert decode(data) == "é\r"


@pytest.mark.parametrize("data", [b"abc\xff", b"\xff\xfea"])
def test_decode_refuses_what_is_no_text(data: bytes) -> None:
    with pytest.raises(FormatError, match="not a text file"):
        decode(data)


def test_lines_are_numbered_as_an_editor_does() -> None:
    text = "a\r\n\r\n \t\nb\u2028\x0bc\rd"
    assert list(lines(text)) == [(1, "a"), (4, "b\u2028\x0bc"), (5, "d")]
