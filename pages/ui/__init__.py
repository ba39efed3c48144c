"""What pages share: state, controls, cached results, frame and style."""
