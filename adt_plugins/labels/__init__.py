"""Audacity label tracks, below the formats: names, hits and corrections in labels."""
