"""The pages for people: rendered on the server, with small scripts that only add to them."""
