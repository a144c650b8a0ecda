"""A user's wish to be forgotten."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Erasure:
    """A request to erase a user.

    Args:
        user_id: whom.
        requested_at: when it was first asked for.
        request_id: of the request that asked.
        is_deleting: whether the table may still hold something of the user.
    """

    user_id: str
    requested_at: str
    request_id: str
    is_deleting: bool
