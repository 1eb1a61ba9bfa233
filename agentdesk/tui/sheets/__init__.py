"""What can be chosen from: each list as a `Sheet` that the one sheet widget draws."""
