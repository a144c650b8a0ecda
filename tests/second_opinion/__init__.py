"""Tests of this repository against a second emulator of AWS: `make second-opinion`, not part of the suite.

What two emulators of different authors agree on is more likely to be what AWS does. Every test on which they differ is
in `expected.toml`, with the reason.
"""
