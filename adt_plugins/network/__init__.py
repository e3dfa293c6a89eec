"""Frames to activations: finding models and running them."""
