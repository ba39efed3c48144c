"""In front of a class: predict and reveal, links for students, plans."""
