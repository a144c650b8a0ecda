"""Faults for practice: `insights gameday` puts one into the local account and times how long its repair takes."""
