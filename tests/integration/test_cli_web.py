"""``adt web``: the page, the page of a song, and the entry in the menu."""

from __future__ import annotations

import plistlib
import webbrowser
from pathlib import Path

import pytest

from adt_plugins.base.start_menu import menu_entry
from adt_plugins.cli import main
from adt_plugins.web_page import page
from tests.support.recordings import HITS, SECONDS, write_wave
from tests.support.tiny_model import play


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the addresses that the browser is asked to open."""
    uris: list[str] = []

    def remember(uri: str) -> bool:
        uris.append(uri)
        return True

    monkeypatch.setattr(webbrowser, "open", remember)
    return uris


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a home"
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_DATA_HOME", "ADT_PLUGINS_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder


def test_the_page_is_opened(
    tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["web", "--open"]) == 0
    assert (tmp_path / "drums.html").read_bytes() == page()
    assert opened == [(tmp_path / "drums.html").as_uri()]
    assert main(["web", "-o", "other.html"]) == 0
    assert len(opened) == 1


def test_a_song_s_page(tmp_path: Path, opened: list[str]) -> None:
    song = tmp_path / "a song.wav"
    write_wave(song, play(HITS, SECONDS))
    assert main(["web", str(song), "--open"]) == 0
    written = tmp_path / "a song.drums.html"
    assert b"adt-header" in written.read_bytes()
    assert opened == [written.as_uri()]


def test_a_song_that_is_not_there_opens_nothing(
    tmp_path: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["web", str(tmp_path / "a.mp3"), "--open"]) == 1
    assert capsys.readouterr().err == f"adt: {tmp_path / 'a.mp3'}: no such file\n"
    assert not opened


def test_options_that_do_not_go_together(tmp_path: Path) -> None:
    output = str(tmp_path / "a.html")
    assert main(["web", "song.wav", "-o", output]) == 2
    assert main(["web", "--start-menu", "-o", output]) == 2
    assert not list(tmp_path.iterdir())


def test_without_a_browser_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda uri: False)
    output = tmp_path / "a.html"
    assert main(["web", "--open", "-o", str(output)]) == 2
    assert "no browser could be started" in capsys.readouterr().err
    assert output.exists()


@pytest.mark.skipif("sys.platform != 'linux'", reason="looks where Linux keeps entries")
def test_the_menu(home: Path) -> None:
    entry = home / ".local" / "share" / "applications" / "adt-plugins.desktop"
    for _ in range(2):  # an update writes both again
        assert main(["web", "--start-menu"]) == 0
    lines = entry.read_text().splitlines()
    kept = home / ".local" / "share" / "adt-plugins" / "drums.html"
    assert kept.read_bytes() == page()
    uri = kept.as_uri()
    assert "%20" in uri
    assert f'Exec=xdg-open "{uri.replace("%", "%%")}"' in lines
    assert main(["web", "--no-start-menu"]) == 0
    assert not entry.exists()
    assert kept.exists()
    assert main(["web", "--no-start-menu"]) == 0


def test_the_menu_of_other_systems(tmp_path: Path) -> None:
    uri = "file:///C:/a%20b/drums.html"
    path, content = menu_entry(uri, platform="win32", env={}, home=tmp_path)
    roaming = tmp_path / "AppData" / "Roaming" / "Microsoft" / "Windows"
    assert path == roaming / "Start Menu" / "Programs" / "Drum Transcription.url"
    assert content == f"[InternetShortcut]\r\nURL={uri}\r\n".encode()
    env = {"APPDATA": str(tmp_path / "r")}
    path, _ = menu_entry(uri, platform="win32", env=env, home=tmp_path)
    assert path.is_relative_to(tmp_path / "r" / "Microsoft")
    path, content = menu_entry(uri, platform="darwin", env={}, home=tmp_path)
    assert path == tmp_path / "Applications" / "Drum Transcription.webloc"
    assert plistlib.loads(content) == {"URL": uri}
    env = {"XDG_DATA_HOME": str(tmp_path / "data")}
    path, _ = menu_entry(uri, platform="linux", env=env, home=tmp_path)
    assert path == tmp_path / "data" / "applications" / "adt-plugins.desktop"
