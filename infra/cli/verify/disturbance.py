"""A failure that can be undone: the function of the pipeline's first state may not run for a while."""

import boto3

from orchestration.contract import WINDOW_FUNCTION


class Disturbance:
    """Reserves no concurrency for `todo-resolve-window`, so that Lambda throttles it.

    AWS's own way to stop a function: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """

    def __init__(self) -> None:
        self._lambda = boto3.client("lambda")
        self._active = False

    def begin(self) -> None:
        """From now on every invocation is throttled."""
        self._active = True
        self._lambda.put_function_concurrency(FunctionName=WINDOW_FUNCTION, ReservedConcurrentExecutions=0)

    def end(self) -> None:
        """The function runs again; nothing when it does already."""
        if self._active:
            self._lambda.delete_function_concurrency(FunctionName=WINDOW_FUNCTION)
            self._active = False
