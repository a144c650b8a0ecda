"""How soon a change is in live figures, and what they read."""
