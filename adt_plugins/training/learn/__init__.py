"""Learns models from rendered clips: mixing, fitting, validating, exporting."""
