"""Infrastructure: the CDK app, its stacks, the toolchain that builds them, and the local account."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
