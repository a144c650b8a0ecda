"""A request to erase a user."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Erasure:
    """A request to erase a user.

    Args:
        user_id: whom.
        erasure_id: made by the server, new for each request; the lake closes the request with this id and no other.
        generation: time of creation of the profile that was erased, RFC 3339; empty when there was none.
        requested_at: when the request was made, RFC 3339.
        request_id: of the HTTP request.
        deleting_since: time at which deleting from the table began, RFC 3339; None when the table holds nothing more
            from before.
    """

    user_id: str
    erasure_id: str
    generation: str
    requested_at: str
    request_id: str
    deleting_since: str | None
