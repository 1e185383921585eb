"""Solving games whose whole public tree is in memory."""
