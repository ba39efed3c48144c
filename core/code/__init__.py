"""The same in code: what draws, builds and runs it in PyTorch, and in other frameworks."""
