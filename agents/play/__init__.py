"""Playing against an agent."""
