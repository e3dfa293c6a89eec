"""Every parser of ours against input of every kind."""
