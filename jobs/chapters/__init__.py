"""Chapters: one file per source that publishes them, one that chooses, one that puts them onto the file's timeline."""
