"""Renders clips of sounds and performances."""
