"""Somebody else's players: what they are shown, how they are kept apart, and where they come from."""
