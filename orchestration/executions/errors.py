"""What an operator can do nothing with: no pipeline, no execution, or one that Step Functions does not redrive."""


class NotDeployedError(Exception):
    """The account and region have no stack of the project, or not the one that was asked for."""


class NotRunError(Exception):
    """The pipeline is deployed and has no execution yet."""


class NotRedrivableError(Exception):
    """The execution cannot be redriven; the message says why."""
