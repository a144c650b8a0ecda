"""Infrastructure: the CDK app, its stacks, the toolchain that builds them, and the local account."""
