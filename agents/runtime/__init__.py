"""What work in a directory needs, whatever the work: files that are read as data."""
