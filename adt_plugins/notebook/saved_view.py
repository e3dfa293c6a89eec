"""What a saved notebook shows where the editor does not run."""

from __future__ import annotations

from adt_plugins.editor.static import static_html
from adt_plugins.transcription import Transcription

_OUTPUT = ".jp-OutputArea-child"


def saved_view(transcription: Transcription, title: str, token: str, edits: int) -> str:
    """Return HTML that gives way to the editor, and stands in for it elsewhere.

    Parameters
    ----------
    transcription
        What is shown.
    title
        For people, as text.
    token
        The view of the editor has the class ``adt-live-`` and this.
    edits
        How many are in it.
    """
    live, saved = f".adt-live-{token}", f".adt-saved-{token}"
    style = (
        f":root:has({live}) {saved}{{display:none}}"
        # The widget's place while it is loading, or where its model is not found.
        f"{_OUTPUT}:not(:has({live})):has(+ {_OUTPUT} {saved}){{display:none}}"
    )
    changed = {0: "", 1: " with 1 edit"}.get(edits, f" with {edits} edits")
    note = f"As it was{changed} when the cell ran; run it again to hear and edit."
    content = static_html(transcription, title, note)
    return f'<style>{style}</style><div class="{saved[1:]}">{content}</div>'
