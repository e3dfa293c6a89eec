"""The drum network BRNN-SA: its parameters and its graph."""
