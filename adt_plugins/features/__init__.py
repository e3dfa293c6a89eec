"""Computes the frames that a network reads, and the levels of drums in them."""
