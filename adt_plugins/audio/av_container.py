"""Opens files with PyAV, and lists their audio tracks."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from adt_plugins.audio.containers import BEFORE_SOUND, cut_mp4
from adt_plugins.audio.sniff import Kind
from adt_plugins.base.held_signals import HeldSignals
from adt_plugins.errors import AudioError, MissingDependencyError

if TYPE_CHECKING:
    import av

NO_AUDIO = "not an audio file"

_OWN_ORDER = re.compile(r"(\d+) channels \((.*)\)")  # FFmpeg lists their names

# Demuxers for a file of unknown kind. Some of FFmpeg's others recognise text, or open
# other files.
_FORMATS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,gxf,"
    "iff,ircam,loas,matroska,mlp,mov,mp3,mpc,mpc8,mpeg,mpegts,mxf,nist,nut,ogg,oma,"
    "paf,qcp,rm,shn,smjpeg,sox,svx,tak,truehd,tta,voc,w64,wav,wsaud,wtv,wv,xwma"
)


def import_av(kind: Kind) -> Any:
    """Import PyAV for a file of some kind; raises `MissingDependencyError`."""
    try:
        import av
    except ImportError as error:
        raise MissingDependencyError.of(_without_pyav(kind), "PyAV", "av") from error
    return av


def open_container(
    library: Any, file: BinaryIO, kind: Kind
) -> tuple[av.container.InputContainer, dict[int, list[int]]]:
    """Open a file with PyAV; raises `AudioError`.

    Returns
    -------
    container
        The open file.
    low
        Numbers of the LFE channels of streams that no longer tell them, by index.
    """
    lack = cut_mp4(file) if kind.name == "MP4" else None
    file.seek(0)
    options = {} if kind.name else {"format_whitelist": _FORMATS}
    # A tag that is not UTF-8 is no reason to fail. PyAV 19 never fails, and has no
    # such option.
    older = int(library.__version__.partition(".")[0]) < 19
    tags: dict[str, Any] = {"metadata_errors": "replace"} if older else {}
    try:
        with HeldSignals():
            container: av.container.InputContainer = library.open(
                _Nameless(file), mode="r", options=options, **tags
            )
    except library.FFmpegError as error:
        what = f"not {kind.name} that can be read" if kind.name else NO_AUDIO
        raise AudioError(f"cut short: {lack}" if lack else what) from error
    streams = container.streams.audio
    if lack and (not streams or lack == BEFORE_SOUND):
        container.close()
        raise AudioError(f"cut short: {lack}")
    return container, {s.index: _forget_own_order(s.codec_context) for s in streams}


def _forget_own_order(context: Any) -> list[int]:
    """Treat the channels of a stream as unnamed if their order is unusual.

    PyAV 18 frees the list of such channels twice, once for each layout that is asked
    for, which ends the process. Samples without compression do not need it; other
    decoders would set it in each of their frames.

    Parameters
    ----------
    context
        The stream's codec context, before it is opened.

    Returns
    -------
    list of int
        Numbers of the LFE channels that are unnamed now.

    Raises
    ------
    AudioError
        If the frames would have such a layout.
    """
    layout = getattr(context, "layout", None)
    own = None if layout is None else _OWN_ORDER.match(layout.name)
    if own is None:
        return []
    context.layout = f"{own[1]}C"  # before `layout` frees what both refer to
    if not context.name.startswith("pcm_"):
        raise AudioError(
            f"its {own[1]} channels are in an order that PyAV cannot read: convert it"
            " to WAV or FLAC, such as with ffmpeg"
        )
    return [n for n, name in enumerate(own[2].split("+")) if name.startswith("LFE")]


class _Nameless:
    """A file without its name, by which FFmpeg would guess its kind."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.tell, self._file = file.read, file.tell, file

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Return -1 where FFmpeg tries a position before the file begins."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return -1


def _without_pyav(kind: Kind) -> str:
    """Return the beginning of a message about a file that may need PyAV."""
    if not kind.name:
        return f"{NO_AUDIO}, or one that"
    if kind.libsndfile:
        return f"damaged, or {kind.name} of a kind that"
    return f"reading {kind.name}"


def list_tracks(streams: Sequence[av.AudioStream]) -> str:
    """Return number, title or language, and channels of each track."""
    texts = []
    for number, stream in enumerate(streams, 1):
        name = stream.metadata.get("title") or stream.metadata.get("language")
        is_named = name not in (None, "", "und")
        layout = getattr(stream, "layout", None)
        words = [str(number), " ".join(str(name).split()) if is_named else ""]
        words.append("" if layout is None else layout.name)
        texts.append(" ".join(word for word in words if word))
    return ", ".join(texts)
