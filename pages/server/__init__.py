"""The server: its entry, and what stands between the network and the pages."""
