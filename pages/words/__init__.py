"""What a screen says of its numbers."""
