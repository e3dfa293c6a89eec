"""Reads and writes standard MIDI files, below the formats: tempo and drum maps, too."""
