"""What knows no drum: files, hashes, locks, progress, checks, folders, warnings."""
