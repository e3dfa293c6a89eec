"""Activations to beats and bars."""
