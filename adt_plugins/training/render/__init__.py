"""From sounds and performances to rendered clips."""
