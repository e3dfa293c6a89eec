"""From rendered clips to a model: mixing, fitting, validating, exporting."""
