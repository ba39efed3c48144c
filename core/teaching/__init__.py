"""The lesson, and questions on it."""
