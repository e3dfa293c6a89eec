"""Audacity as a host: its watcher, its pipe, its plug-ins and its start."""
