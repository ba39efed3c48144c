"""Files of weights: read without running anything, measured in one pass, judged."""
