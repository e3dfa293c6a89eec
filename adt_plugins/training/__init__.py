"""Training material and training of the drum transcription network."""
