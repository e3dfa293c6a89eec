"""What the notebook widget and the HTML page share: edits, picks, payload, sound."""
