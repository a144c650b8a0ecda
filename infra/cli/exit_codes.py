"""The exit codes of every command: the one place that says what they mean."""

import enum


class ExitCode(enum.IntEnum):
    """What a command returns to the shell."""

    OK = 0
    FAILED = 1
    USAGE = 2
    DOWN = 3
    BUSY = 4
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "it did its work; an execution that was waited for succeeded",
    ExitCode.FAILED: "it failed, or AWS refused; an execution that was waited for did not succeed",
    ExitCode.USAGE: "the command line is wrong; the message names the flag",
    ExitCode.DOWN: "the local account is not running",
    ExitCode.BUSY: "another execution is running, and one runs at a time",
    ExitCode.INTERRUPTED: "Ctrl-C; what runs in the account goes on",
}
EXIT_CODES_EPILOG = "Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."
