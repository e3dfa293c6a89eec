"""Many recordings: which, in which processes or on which machines, and what is done.

`recordings` finds them, `workers` and `cluster` have them transcribed, `manifest`
remembers what became of each.
"""
