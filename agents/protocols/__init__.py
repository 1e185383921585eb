"""Protocols in which our agents and bots play at somebody else's table."""
