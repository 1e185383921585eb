"""Solving hold'em: one betting forest per street, multiplied by boards."""
