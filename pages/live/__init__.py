"""What moves in the browser without the server."""
