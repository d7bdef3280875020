"""The HTTP API: its routes, what guards them, and how it words what goes wrong."""
