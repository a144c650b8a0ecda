"""The account itself: its settings, its process, and how a completion takes hold of the emulator."""
