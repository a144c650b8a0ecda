"""How the cost of a run grows with what is there already: `make bench-growth`."""
