"""What the speakers of an episode are called: evidence in what is printed and in what is said, and no name without it."""
