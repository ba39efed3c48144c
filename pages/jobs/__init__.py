"""Results that visitors share: computed once for a class."""
