"""What can go wrong for a user, each as one sentence."""

from __future__ import annotations


class AdtError(Exception):
    """An input that cannot be used; the message is one line for the user."""


class AudioError(AdtError):
    """A recording that cannot be read."""


class ModelError(AdtError):
    """A model file or card that is missing, altered or not understood."""


class FormatError(AdtError):
    """A file that is not what its format says, or a format that cannot do this."""


class MissingDependencyError(AdtError):
    """An optional package that is needed and absent; the message names the cure."""


class CancelledError(AdtError):
    """The caller asked for the work to stop."""


class AdtWarning(UserWarning):
    """Something in an input that was got over; the message is one line."""
