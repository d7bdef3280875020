"""Voices that a show is known by: profiles of those heard before, and who of a new episode is one of them."""
