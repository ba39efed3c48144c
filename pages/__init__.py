"""All that a browser sees: pages over ui over figures over text."""
