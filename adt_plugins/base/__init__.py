"""Tools that know nothing of drums: files, hashes, locks, progress, checks, folders."""
