"""Audacity label tracks, below the formats: what tracks and labels are called."""
