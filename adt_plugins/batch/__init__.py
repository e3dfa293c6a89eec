"""Transcribes many recordings: on this machine or on others, with a record of each.

`recordings` finds them, `workers` and `cluster` have them transcribed, `manifest`
records the result of each.
"""
