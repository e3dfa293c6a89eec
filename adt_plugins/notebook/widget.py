"""The widget: what it shares with the browser, and how it is shown."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from adt_plugins.audio.opening import AudioSource
from adt_plugins.base.folders import asset
from adt_plugins.editor.drumless import DrumlessMaker
from adt_plugins.editor.payload import payload
from adt_plugins.editor.picks import Levels, PickedSong, velocity_table
from adt_plugins.editor.sound import Sound, duration_of
from adt_plugins.errors import AdtError
from adt_plugins.notebook.cell import CellOutputs, running_cell
from adt_plugins.notebook.document import MissingActionError, open_document
from adt_plugins.notebook.edited_song import EditedSong
from adt_plugins.notebook.saved_view import saved_view
from adt_plugins.recording import as_recorded, source_audio
from adt_plugins.transcription import Transcription, check_transcription

BUNDLE = "widget.js"
"""The script that the browser runs, in `notebook_ext`."""

EXTRAS = "extras.js"
"""The script with what is not needed at first sight, which it loads next."""


class DrumWidget(EditedSong, anywidget.AnyWidget):
    """Hear, see and correct a transcription in a notebook.

    Parameters
    ----------
    transcription
        Transcription to correct. With its activations, thresholds can be moved.
    audio
        The recording: a path, a binary file object, or samples and their rate;
        None: that of the transcription's source, if it has not changed. False:
        no recording; only the hits sound.
    quality
        Quality of the sound that is sent to the browser: ``"lossless"`` (FLAC) or
        ``"small"`` (Vorbis).
    autosave
        A file such as ``song.drums.json``, to which the corrected hits and the edits
        are written after each edit. If it exists with edits of this transcription,
        they are continued. Any number of widgets, of any kernels, may share a file:
        edits in one of them appear in all.
    embed
        Put the whole sound into the widget's state. A notebook that is saved with
        its widgets' state can then be edited and heard without Python; with
        ``quality="small"`` it grows by about 1.3 MB a minute of stereo.
    theme
        ``"auto"``, ``"light"`` or ``"dark"``.

    Attributes
    ----------
    position : float
        Position of the playhead, seconds; set it to seek. While playing, it follows.
    playing : bool
        Whether the browser plays; read-only.
    selection : tuple
        Start and end in seconds, or empty.
    selected : tuple of str
        Ids of the chosen hits, see `hits`.
    revision : int
        Grows with every edit; use ``widget.observe(f, "revision")`` to follow them.

    Raises
    ------
    AdtError
        If the recording cannot be read, or the autosave file holds something
        else.
    """

    _esm: ClassVar[Path] = asset("notebook_ext", BUNDLE)
    _header = traitlets.Dict().tag(sync=True)
    _data = traitlets.Bytes(b"").tag(sync=True)
    # Sound that is sent before a browser requests any.
    _chunks = traitlets.List(traitlets.Bytes()).tag(sync=True)
    _table = traitlets.Bytes(b"").tag(sync=True)
    _extras = traitlets.Bytes(b"").tag(sync=True)
    _views = traitlets.Int(0).tag(sync=True)
    # Set by the browser once its edit is in force here, for hosts that look at traits.
    _revision = traitlets.Int(0).tag(sync=True)
    # The value is a placeholder: the current log is sent instead. A page that is opened
    # again gets all edits this way; open pages get each edit as a message.
    _log = traitlets.Any().tag(sync=True, to_json=lambda _, widget: widget._log_now())
    theme = traitlets.Enum(["auto", "light", "dark"], "auto").tag(sync=True)
    position = traitlets.Float(0.0).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    selection = traitlets.List(traitlets.Float(), maxlen=2).tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    revision = traitlets.Int(0)
    _sound: Sound | None = None
    _drumless: DrumlessMaker | None = None
    _was_seen = False

    def __init__(
        self,
        transcription: Transcription,
        audio: AudioSource | bool | None = None,
        *,
        quality: str = "lossless",
        autosave: str | os.PathLike[str] | None = None,
        embed: bool = False,
        theme: str = "auto",
        **traits: Any,
    ) -> None:
        check_transcription(transcription)
        transcription = as_recorded(transcription)
        self._audio = _find_audio(transcription, audio)
        self._score = PickedSong(transcription, self._velocities)
        if self._audio is not None:
            self._sound = Sound(self._audio, quality, duration_of(transcription))
            self._drumless = DrumlessMaker(self._audio, quality)
        path = None if autosave is None else Path(autosave)
        self._run = running_cell()
        self._document = open_document(self._score, path, self._run)
        self._name = f"p{secrets.token_hex(4)}"
        self._title = _title(transcription, self._audio)
        stem = Path(self._title).stem
        content = payload(self._score, self._sound, self._title, stem)
        names = {"document": self._document.name, "token": self._name}
        super().__init__(
            _header={**content.header, **names},
            _data=content.data,
            _chunks=self._first_chunks(embed),
            _table=self._levels() if embed else b"",
            _extras=_extras() if embed else b"",
            theme=theme,
            **traits,
        )
        self.revision = self._document.revision
        self._document.attach(self)
        _OUTPUTS.add(self, self._run)
        self.on_msg(self._receive)

    # --- playing ------------------------------------------------------------

    def play(self) -> None:
        """Start playback in every open view."""
        self._command("play")

    def pause(self) -> None:
        """Pause playback."""
        self._command("pause")

    def seek(self, time: float) -> None:
        """Move the playhead to a time in seconds."""
        self._command("seek", float(time))
        self.position = float(time)

    def select(self, start: float, end: float) -> None:
        """Select from start to end, in seconds."""
        if not 0 <= start < end:
            raise ValueError(f"a selection from {start:g} to {end:g} s")
        self.selection = [float(start), float(end)]

    def close(self) -> None:
        """Close the widget and its recording."""
        if hasattr(self, "_document"):  # unless creating the widget failed
            self._document.detach(self)
        for sound in (self._sound, self._drumless):
            if sound is not None:
                sound.close()
        super().close()

    # --- what is shown ------------------------------------------------------

    def _ipython_display_(self) -> None:
        """Show the editor, and a picture for where it does not run."""
        from IPython.display import publish_display_data

        bundle = self._repr_mimebundle_()
        if bundle is None:
            return
        data, metadata = bundle
        # Viewers without widgets show nothing here, but the static view below.
        publish: Callable[..., None] = publish_display_data  # it has no types
        publish({**data, "text/html": ""}, metadata)
        edits = self._edits.cursor
        picture = saved_view(self.transcription, self._title, self._name, edits)
        publish({"text/html": picture})

    @property
    def is_seen(self) -> bool:
        """Whether a browser shows it."""
        return self._views > 0

    @property
    def was_seen(self) -> bool:
        """Whether a browser has shown it."""
        return self._was_seen

    @traitlets.observe("_views")
    def _views_changed(self, change: Any) -> None:
        self._was_seen = self._was_seen or change.new > 0
        _OUTPUTS.close_replaced(self)

    # --- messages -----------------------------------------------------------

    def _first_chunks(self, embed: bool) -> list[bytes]:
        if self._sound is None:
            return []
        count = len(self._sound) if embed else min(len(self._sound), 1)
        return [self._sound.chunk(number) for number in range(count)]

    def _levels(self) -> bytes:
        levels = self._score.levels
        return b"" if levels is None else levels.tobytes()

    def _velocities(self, score: PickedSong) -> Levels | None:
        return None if self._audio is None else velocity_table(score, self._audio)

    def document_did(
        self, revision: int, action: dict[str, Any], client: str, seq: int
    ) -> None:
        """Send an action to the browsers; the document calls this."""
        done = {"revision": revision, "action": action, "client": client, "seq": seq}
        self.send({"type": "did", **done})
        self.revision = revision

    def document_changed(self) -> None:
        """Send all edits to the browsers; the document calls this."""
        self.send({"type": "log", **self._log_now()})
        self.revision = self._document.revision

    def _command(self, command: str, value: float | None = None) -> None:
        self.send({"type": "command", "command": command, "value": value})

    def _log_now(self) -> dict[str, Any]:
        document = self._document
        with document.lock:
            log = {"revision": document.revision, "log": document.log.to_dict()}
            return {**log, "seen": dict(document.seen)}

    def _receive(self, _: Any, message: Any, __: Any) -> None:
        """Handle a message of a browser; no message can damage the widget."""
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "do":
            client, seq = message.get("client"), message.get("seq")
            is_named = isinstance(client, str) and isinstance(seq, int)
            name, number = (client[:40], seq) if is_named else ("", 0)
            after = message.get("after")
            before = after if isinstance(after, int) else -1
            answer = {"client": client, "seq": seq}
            try:
                self._act(message.get("action"), name, number, before)
            except MissingActionError:
                self.send({"type": "missing", **answer})
            except AdtError as error:
                self.send({"type": "refused", **answer, "reason": str(error)})
        elif kind == "log":
            with self._document.lock:
                self._document.refresh()
                self.send({"type": "log", **self._log_now()})
        elif kind == "extras":
            self.send({"type": "extras"}, [_extras()])
        elif kind == "velocities":
            self.send({"type": "velocities"}, [self._levels()])
        elif kind == "drumless" and self._drumless is not None:
            anew = bool(message.get("anew"))
            state = self._drumless.state(self.transcription, anew=anew)
            self.send({"type": "drumless", **state})
        elif kind == "chunk":
            self._send_chunk(message.get("index"), message.get("of"))

    def _send_chunk(self, index: object, of: object) -> None:
        """Send a piece of the recording, or of a sound of `DrumlessMaker`."""
        sound = self._sound
        if of is not None:
            sound = None if self._drumless is None else self._drumless.sound(of)
        if not isinstance(index, int):
            return
        there = sound is not None and 0 <= index < len(sound)
        buffers = [sound.chunk(index)] if sound is not None and there else []
        self.send({"type": "chunk", "index": index, "of": of}, buffers)


_OUTPUTS = CellOutputs()


def _extras() -> bytes:
    """Return the script with what is not needed at first sight."""
    return asset("notebook_ext", EXTRAS).read_bytes()


def _find_audio(
    transcription: Transcription, audio: AudioSource | bool | None
) -> AudioSource | None:
    if audio is False:
        return None
    if audio is None or audio is True:
        return source_audio(transcription)
    return audio


def _title(transcription: Transcription, audio: AudioSource | None) -> str:
    """Return the file name of the recording, for the title."""
    for source in (transcription.source.path, audio):
        if isinstance(source, str | os.PathLike):
            return Path(source).name
    return "samples"
