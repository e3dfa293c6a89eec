"""Errors and warnings that a user may see, each with a message of one sentence."""

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
    """A package that is needed but missing; the message says how to install it."""

    @classmethod
    def of(cls, what: str, package: str, extra: str = "") -> MissingDependencyError:
        """Return the error for a package.

        Parameters
        ----------
        what
            What needs it.
        package
            Its name on the package index.
        extra
            The extra of this package that installs it; empty if there is none.

        >>> print(MissingDependencyError.of("plot()", "matplotlib", "plot"))
        plot() needs matplotlib: pip install "adt-plugins[plot]"
        """
        wanted = f'"adt-plugins[{extra}]"' if extra else package
        return cls(f"{what} needs {package}: pip install {wanted}")


class CancelledError(AdtError):
    """The caller asked for the work to stop."""


def reason_of(error: BaseException) -> str:
    """Return the reason of an error, without a file name: messages begin with one."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, FileNotFoundError):
        return "no such file or folder"
    return getattr(error, "strerror", None) or str(error)


class AdtWarning(UserWarning):
    """A problem with an input that did not stop the work; the message is one line."""
