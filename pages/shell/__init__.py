"""What stands around every screen: its frame, menu, style, and what can be taken away."""
