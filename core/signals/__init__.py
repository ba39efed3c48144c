"""What activations do to a signal, layer by layer: in theory, and in networks that are run."""
