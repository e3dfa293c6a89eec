"""Finds models, and runs them: from frames to activations."""
