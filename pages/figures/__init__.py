"""Numbers and words in, charts out."""
