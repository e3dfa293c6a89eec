"""Activations to hits: peaks, exclusive kinds, velocities, the song gate."""
