"""The work: each step from a published episode to a transcript, knowing neither broker nor door."""
