"""The six stacks, one module each, and what they share: names, roles, functions, log groups, the pipeline as data."""
