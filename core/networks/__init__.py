"""Networks that are built, run, and counted."""
