"""Standard MIDI files, below the formats: reading, writing, tempo map, drum maps."""
