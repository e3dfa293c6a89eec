"""Corrections of a transcription by calls from Python."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from adt_plugins.annotations import Beat
from adt_plugins.audio.opening import AudioSource
from adt_plugins.drums import Drum, as_drum
from adt_plugins.editor.edits import EditError, Hit, Layer, Log, Op, fold
from adt_plugins.editor.picks import PickedSong
from adt_plugins.notebook.document import Document
from adt_plugins.transcription import Transcription


class EditedSong:
    """A transcription and the edits of it; `DrumWidget` shows one.

    Attributes
    ----------
    _score
        The transcription with the picks at any threshold.
    _document
        The log of edits, which other widgets may share.
    _audio
        The recording; None if there is no sound.
    _name
        A name that no other editor has, and with which those of new hits begin.
    """

    _score: PickedSong
    _document: Document
    _audio: AudioSource | None
    _name: str
    _counter = 0

    def document_changed(self) -> None:
        """Send all edits again: an action came that was accepted before."""
        raise NotImplementedError

    @property
    def transcription(self) -> Transcription:
        """The hits as they are now, corrected."""
        return self._score.corrected(self._layer())

    @property
    def original(self) -> Transcription:
        """The hits before any edit."""
        return self._score.transcription

    @property
    def hits(self) -> list[Hit]:
        """The hits with their ids, sorted by time."""
        return self._score.hits(self._layer())

    @property
    def edits(self) -> list[list[Op]]:
        """The steps in force, oldest first; each a list of operations."""
        return [list(step) for step in self._edits.steps[: self._edits.cursor]]

    @property
    def thresholds(self) -> dict[str, float]:
        """Thresholds in force."""
        return {**self._score.thresholds, **self._layer().thresholds}

    def save(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002 - as in `Transcription.save`
        **options: Any,
    ) -> list[Path]:
        """Write the corrected hits; see `Transcription.save`."""
        corrected = self.transcription
        return corrected.save(path, format, **self._options(path, format, options))

    def to_labels(self, path: str | os.PathLike[str], **options: Any) -> list[Path]:
        """Write an Audacity label file; options as in `Transcription.save`."""
        return self.save(path, "labels", **options)

    def to_midi(self, path: str | os.PathLike[str], **options: Any) -> list[Path]:
        """Write a MIDI file; options as in `Transcription.save`."""
        return self.save(path, "midi", **options)

    def to_html(self, path: str | os.PathLike[str], **options: Any) -> list[Path]:
        """Write a page that plays, shows and edits the corrected hits."""
        return self.save(path, "html", **options)

    def add(self, time: float, drum: Drum | str, velocity: int = 100) -> str:
        """Add a hit, and return its id."""
        self._counter += 1
        name = f"{self._name}-{self._counter}"
        self._do([_hit_op("add", name, time, drum, velocity)])
        return name

    def change(
        self,
        ids: str | Iterable[str],
        *,
        time: float | None = None,
        drum: Drum | str | None = None,
        velocity: int | None = None,
    ) -> None:
        """Change time, drum or velocity of hits.

        Parameters
        ----------
        ids
            Ids of hits, see `hits`.
        time, drum, velocity
            New values; None: unchanged.
        """
        ops = [
            _hit_op(
                "change",
                hit.id,
                hit.onset.time if time is None else time,
                hit.onset.drum if drum is None else drum,
                hit.onset.velocity if velocity is None else velocity,
            )
            for hit in self._named(ids)
        ]
        self._do(ops)

    def delete(self, ids: str | Iterable[str]) -> None:
        """Delete hits by their ids."""
        self._do([{"op": "delete", "id": hit.id} for hit in self._named(ids)])

    def set_threshold(self, drum: Drum | str, value: float) -> None:
        """Move a drum's threshold, 0-1; its hits are picked again."""
        if str(drum) not in self._score.thresholds:
            drums = ", ".join(self._score.thresholds) or "none"
            raise EditError(f"no threshold of {drum}; there are {drums}")
        self._do([{"op": "threshold", "drum": str(drum), "value": value}])

    def start_bar(self, time: float) -> None:
        """Start a bar at the beat nearest to a time in seconds.

        Bars are counted from there to the next bar that was set by hand; before the
        first one, they are counted backwards.
        """
        self._do_timing({"op": "bar", "time": time})

    def scale_tempo(self, factor: float) -> None:
        """Count twice as many beats (2), or half as many (0.5)."""
        self._do_timing({"op": "tempo", "factor": factor})

    def set_meter(
        self, meter: str, start: float | None = None, end: float | None = None
    ) -> None:
        """Set the meter.

        Parameters
        ----------
        meter
            Time signature, such as ``"6/8"``.
        start, end
            Part of the song in seconds, whose first beat begins a bar; None: all of it.
        """
        part = {} if start is None or end is None else {"start": start, "end": end}
        self._do_timing({"op": "meter", "meter": meter, **part})

    def set_beats(self, beats: Iterable[Beat]) -> None:
        """Replace all beats; the meter of the first bar then applies to all."""
        pairs = [[beat.time, beat.position] for beat in sorted(beats)]
        self._do([{"op": "beats", "beats": pairs}])

    def undo(self) -> None:
        """Undo the last step, as this kernel knows the edits.

        Raises
        ------
        EditError
            If there is none, or another kernel has meanwhile undone it or changed the
            same hits. No other step is undone then.
        """
        log = self._edits
        if not log.cursor:
            raise EditError("nothing to undo")
        self._act({"kind": "undo", "name": log.names[log.cursor - 1]})

    def redo(self) -> None:
        """Redo the step that was undone last; raises as `undo` does."""
        log = self._edits
        if log.cursor == len(log.names):
            raise EditError("nothing to redo")
        self._act({"kind": "redo", "name": log.names[log.cursor]})

    def _layer(self) -> Layer:
        self._document.refresh()
        return fold(self._edits)

    @property
    def _edits(self) -> Log:
        return self._document.log

    def _named(self, ids: str | Iterable[str]) -> list[Hit]:
        names = [ids] if isinstance(ids, str) else list(ids)
        by_id = {hit.id: hit for hit in self.hits}
        for name in names:
            if name not in by_id:
                raise EditError(f"no hit {name!r}")
        return [by_id[name] for name in names]

    def _do(self, ops: Sequence[Op]) -> None:
        if ops:
            self._act({"kind": "do", "ops": list(ops)})

    def _do_timing(self, op: Op) -> None:
        if not self.transcription.beats:
            raise EditError("there are no beats")
        self._do([op])

    def _act(
        self, action: Any, client: str = "", seq: int = 0, after: int = -1
    ) -> None:
        # A browser's messages may come on a thread of their own (ipykernel 7).
        if not self._document.act(action, client, seq, after):
            self.document_changed()

    def _options(
        self,
        path: str | os.PathLike[str],
        format_id: str | None,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        """Add the recording to the options of formats that need it."""
        from adt_plugins import formats

        name = format_id or formats.format_of_name(path)
        needs = formats.FORMATS[name].needs if name in formats.FORMATS else ()
        if "audio" in needs and self._audio is not None:
            options.setdefault("audio", self._audio)
        return options


def _hit_op(op: str, name: str, time: float, drum: Drum | str, velocity: int) -> Op:
    return {
        "op": op,
        "id": name,
        "time": time,
        "drum": as_drum(drum).value,
        "velocity": velocity,
    }
