"""What sqlfluff puts in the place of dbt's variable `run_started_at`: any moment will do for the shape of SQL."""


def strftime(form: str) -> str:
    """A moment that never was."""
    return "2026-01-01 00:00:00.000000" if "%H" in form else "2026-01-01"
