"""Fuzzing: every parser of the package against input of every kind."""
