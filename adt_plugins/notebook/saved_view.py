"""The static view that a saved notebook shows where the editor does not run."""

from __future__ import annotations

from adt_plugins.editor.static import static_html
from adt_plugins.transcription import Transcription

_OUTPUT = ".jp-OutputArea-child"


def saved_view(transcription: Transcription, title: str, token: str, edits: int) -> str:
    """Return HTML that stands in for the editor, and hides where the editor runs.

    Parameters
    ----------
    transcription
        Transcription to show.
    title
        Title to show, as text.
    token
        End of the CSS class ``adt-live-…`` of the editor's view.
    edits
        Number of edits that the view includes.
    """
    live, saved = f".adt-live-{token}", f".adt-saved-{token}"
    style = (
        f":root:has({live}) {saved}{{display:none}}"
        # Hides the widget's empty output while it loads, or if its model is missing.
        f"{_OUTPUT}:not(:has({live})):has(+ {_OUTPUT} {saved}){{display:none}}"
    )
    changed = {0: "", 1: " with 1 edit"}.get(edits, f" with {edits} edits")
    note = f"As it was{changed} when the cell ran; run it again to hear and edit."
    content = static_html(transcription, title, note)
    return f'<style>{style}</style><div class="{saved[1:]}">{content}</div>'
