"""All that a browser sees: a room for each step from a link to the screen."""
