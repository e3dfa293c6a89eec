"""From seconds to a part that a drummer can read, for formats on paper.

`bars` lays out bars and beats, `rhythm` finds which of the `divisions` they have,
`flams` what are grace notes, `hands` what two hands can play, `marks` accents and ghost
notes, and `sections` where the groove changes; `part` makes all of it from a
transcription, and `spelling` turns bars into notes. `notebook_ext/src/notation` does
the same in the browser.
"""
