"""The public face of the package: the one list of its names.

Type checkers read it, and so does `__init__.py` at run time, which knows two kinds of
lines: ``from MODULE import ATTRIBUTE as NAME`` and ``NAME = PLACE``.
"""

from adt_plugins import formats
from adt_plugins.activations import Activations as Activations
from adt_plugins.annotations import Beat as Beat
from adt_plugins.annotations import Onset as Onset
from adt_plugins.annotations import Source as Source
from adt_plugins.audio import load_audio as load_audio
from adt_plugins.drums import Drum as Drum
from adt_plugins.errors import AdtError as AdtError
from adt_plugins.errors import AdtWarning as AdtWarning
from adt_plugins.pipeline import transcribe as transcribe
from adt_plugins.separation import Stems as Stems
from adt_plugins.separation import separate as separate
from adt_plugins.streaming import transcribe_stream as transcribe_stream
from adt_plugins.transcription import Transcription as Transcription

load = formats.read
save = formats.write

__all__: list[str]
__version__: str
