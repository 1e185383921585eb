"""The agent of no-limit hold'em with any amount."""
