"""Picks hits from activations: peaks, exclusive kinds, velocities, the song gate."""
