"""``adt web``: writes a page that transcribes in the browser, as one file."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adt_plugins.cli import _console
from adt_plugins.cli._command import an_input, set_command
from adt_plugins.cli._summary import listed
from adt_plugins.errors import AdtError, reason_of

PAGE = "drums.html"


@dataclass(frozen=True, kw_only=True)
class WebOptions:
    """Options of ``adt web``."""

    song: Path | None = None
    output: Path | None = None
    overwrite: bool = False
    open: bool = False
    start_menu: bool | None = None


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "web",
        description="Write one HTML file on which recordings are dropped. It works from"
        " disk and from any web server, needs no network, and sends nothing.",
        examples=[
            ("adt web --open", "write the page and open it in the browser"),
            ("adt web song.mp3 --open", "the editor of one song, as a page"),
            ("adt web --start-menu", "put the page into the menu of programs"),
        ],
    )
    parser.add_argument(
        "song",
        nargs="?",
        type=Path,
        default=None,  # argparse would convert a default that is suppressed
        metavar="SONG",
        help="transcribe it and write its own page, as --format html does",
    )
    parser.add_argument(
        "-o",
        dest="output",
        type=Path,
        metavar="FILE",
        help=f"default: {PAGE} in this folder",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a file that exists"
    )
    parser.add_argument(
        "--open", action="store_true", help="open the page in the browser"
    )
    parser.add_argument(
        "--start-menu",
        action=BooleanOptionalAction,
        help="keep the page for this user, and an entry for it in the menu of"
        " programs; --no-start-menu removes the entry",
    )
    set_command(parser, WebOptions, run)


def run(options: WebOptions) -> int:
    """Write the page."""
    if options.start_menu is not None:
        return _put_into_menu(options)
    if options.song is not None:
        return _write_song(options.song, options)
    from adt_plugins.web_page import write_page

    _check_name(options.output)
    path = write_page(options.output or Path(PAGE), overwrite=options.overwrite)
    for line in listed([(str(path), "page on which recordings are dropped")]):
        _console.say(line)
    return _shown(path, options)


def _check_name(path: Path | None) -> None:
    """Raise `AdtError` for a name by which no browser would know the page."""
    if path is None:
        return
    if path.is_dir():
        raise AdtError(f"-o: {path}: is a folder; name the page: -o {path / PAGE}")
    if path.suffix.lower() not in (".html", ".htm"):
        raise AdtError(f"-o: {path}: the page is HTML: -o {path.with_suffix('.html')}")


def _write_song(song: Path, options: WebOptions) -> int:
    """Transcribe a song and write its own page beside it."""
    from adt_plugins import formats
    from adt_plugins.base.pipes import check_no_pipe
    from adt_plugins.cli import _options, transcribe

    if options.output is not None:
        raise AdtError("-o: a song's page is always written beside the song")
    with an_input(song):
        check_no_pipe(song)
    outputs = _options.OutputOptions(formats=("html",), overwrite=options.overwrite)
    code = transcribe.run(
        transcribe.TranscribeOptions(
            inputs=(str(song),),
            work=transcribe.WorkOptions(outputs=outputs),
            report=_options.ReportOptions(),
        )
    )
    return code or _shown(formats.output_path(song.stem, song.parent, "html"), options)


def _put_into_menu(options: WebOptions) -> int:
    """Write the page and its entry into the user's folders, or remove the entry."""
    from adt_plugins.base.folders import user_folder
    from adt_plugins.base.own_files import write_own
    from adt_plugins.base.start_menu import menu_entry
    from adt_plugins.web_page import write_page

    if options.song is not None or options.output is not None:
        raise AdtError("--start-menu: cannot be combined with SONG or -o")
    page = user_folder().absolute() / PAGE
    entry, content = menu_entry(page.as_uri())
    try:
        if not options.start_menu:
            entry.unlink(missing_ok=True)
            _console.say(f"removed {entry}")
            return 0
        for folder in (page.parent, entry.parent):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AdtError(f"{error.filename}: {reason_of(error)}") from error
    # A newer page replaces the older one.
    write_page(page, overwrite=True)
    write_own({entry: content})
    _console.say(f"wrote {page}\nwrote {entry}")
    return _shown(page, options)


def _shown(page: Path, options: WebOptions) -> int:
    if options.open:
        import webbrowser

        if not webbrowser.open(page.absolute().as_uri()):
            raise AdtError(f"{page}: no browser could be started; open the file in one")
    return 0
