"""Generated SQL for the local Athena: each statement has to end with rows or with one of Athena's errors."""
