"""A tensor of weights and its law: drawn, counted, and held against what theory says of it."""
