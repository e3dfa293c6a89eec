"""Estimates beats and bars from activations."""
