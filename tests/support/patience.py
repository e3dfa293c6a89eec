"""How long a test waits."""

PATIENCE_S = 120.0
"""For what certainly comes: only a failure takes as long, however busy a machine is."""
