"""Head-to-head matches."""
