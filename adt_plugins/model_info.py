"""The origin of a transcription: the model, and the settings that were in force."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from adt_plugins.base.checks import plain
from adt_plugins.card import Picker


@dataclass(frozen=True, eq=False)
class ModelInfo(Mapping[str, Any]):
    """The origin of a transcription; also the mapping in its JSON form.

    Parameters
    ----------
    name, sha256
        Name of the model and hash of its network's file; None: unknown.
    thresholds
        Drum to the threshold in force, 0-1; None: unknown.
    picker
        The picker in force; None: unknown.
    gated
        Drums whose thresholds were raised for the whole recording.
    finer
        SHA-256 of the file that distinguished finer drums; None: they were not
        distinguished.
    adapted
        Drums that were adapted to a kit; None: there was no adaptation.
    other
        Further keys of a file that was read, as JSON values.
    """

    name: str | None = None
    sha256: str | None = None
    thresholds: Mapping[str, float] | None = None
    picker: Picker | None = None
    gated: tuple[str, ...] = ()
    finer: str | None = None
    adapted: tuple[str, ...] | None = None
    other: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object; unknown values are left out."""
        fields = {
            "name": self.name,
            "sha256": self.sha256,
            "thresholds": self.thresholds,
            "picker": None if self.picker is None else asdict(self.picker),
            "gated": self.gated or None,
            "finer": self.finer,
            "adapted": self.adapted,
        }
        items = {key: value for key, value in fields.items() if value is not None}
        copied: dict[str, Any] = plain({**items, **self.other})
        return copied

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelInfo:
        """Read what `to_dict` returns; values of unexpected types go into `other`.

        Raises
        ------
        TypeError, ValueError
            If a value cannot be expressed in JSON.
        """
        other = plain(data)
        fields = {}
        for name, read in _READERS.items():
            if name in other and (value := read(other[name])) is not None:
                fields[name] = value
                del other[name]
        return replace(cls(**fields), other=other)

    def __getitem__(self, key: str) -> Any:
        return self.to_dict()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_dict())

    def __len__(self) -> int:
        return len(self.to_dict())


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _thresholds(value: Any) -> dict[str, float] | None:
    if isinstance(value, dict) and all(
        isinstance(number, float | int) and not isinstance(number, bool)
        for number in value.values()
    ):
        return value
    return None


def _picker(value: Any) -> Picker | None:
    names = set(Picker.__dataclass_fields__)
    if not isinstance(value, dict) or not names >= set(value) or "kind" not in value:
        return None
    return Picker(**value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "name": _text,
    "sha256": _text,
    "thresholds": _thresholds,
    "picker": _picker,
    "gated": lambda value: _texts(value) or None,
    "finer": _text,
    "adapted": _texts,
}
