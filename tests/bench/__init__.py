"""How fast and how dear: run by hand or on a quiet machine (`make bench-…`), never as part of the tests.

Figures are ratios or differences between things measured side by side in one run, so that the machine cancels out.
Each bench ends with one line, `bench-<name>: {json}`, and exits with 1 when a bound is missed.
"""
