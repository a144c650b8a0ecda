"""A simulated year of the platform on a local account whose clock is moved; `python -m tests.year --help`."""
