"""The doors: the ways in for people and programs."""
