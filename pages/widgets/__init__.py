"""The controls of the table, and editors made of several."""
