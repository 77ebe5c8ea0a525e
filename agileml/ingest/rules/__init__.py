"""How bodies and files are read: pure functions on what was sent."""
