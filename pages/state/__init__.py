"""What was chosen: the table of controls, the link, and the rules that hold them against each other."""
