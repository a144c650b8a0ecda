"""Subtasks: one level, held by conditions of the transaction that writes the subtask (ADR 0119).

A task becomes a subtask when it is created, and a task of its own that exists never does. So a parent that is no
subtask at the moment of a write never becomes one, and a condition on the parent is all that has to be checked.
"""

from api.models.task import StoredTask
from api.problems import FieldError, ValidationFailed, describe
from api.repositories.tasks import ParentRefused

MESSAGES = {
    "parent_not_found": "there is no such task",
    "parent_is_subtask": "it is a subtask, which has none of its own",
    "not_a_subtask": "a task that was not created as a subtask cannot become one",
    "too_many_parents": "the batch has more parents than one transaction can check",
}


def checked_parent(before: StoredTask | None, after: StoredTask) -> str | None:
    """Find the parent that a write has to check; None when the task stays where it is, or is no subtask.

    Args:
        before: the version that is replaced; None when the task is new.
        after: the version to be written.

    Raises:
        ValidationFailed: the task cannot become a subtask of that parent.
    """
    parent_id = after.task.parent_id
    if parent_id is None or (before and before.task.parent_id == parent_id):
        return None
    if before and before.task.parent_id is None:
        raise problem("not_a_subtask")
    if parent_id == after.task.id:
        raise problem("parent_is_subtask")
    return parent_id


def reason(parent: StoredTask | None) -> str | None:
    """Say by its code why a task can have no subtasks; None when it can."""
    if parent is None or parent.deleted_at:
        return "parent_not_found"
    return "parent_is_subtask" if parent.task.parent_id else None


def error(code: str, place: str = "") -> FieldError:
    """Make the entry of a problem.

    Args:
        code: why.
        place: of the task in the body, with the dot that follows it.
    """
    return {"location": "body", "field": f"{place}parent_id", "code": code, "message": MESSAGES[code]}


def problem(code: str) -> ValidationFailed:
    """Make the problem of a single task."""
    errors = [error(code)]
    return ValidationFailed(describe(errors), errors=errors)


def problem_of(refused: ParentRefused) -> ValidationFailed:
    """Make the problem of the one parent that was refused."""
    (parent,) = refused.parents.values()
    return problem(reason(parent) or "parent_not_found")
