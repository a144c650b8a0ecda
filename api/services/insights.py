"""A caller's figures, as the pipeline published them."""

from api.identity import Caller
from api.problems import InsightsNotFound
from api.repositories.insights import InsightsRepository
from api.services.users import UserService


class InsightsService:
    """Reads what the pipeline published."""

    def __init__(self, insights: InsightsRepository, users: UserService) -> None:
        self._insights = insights
        self._users = users

    def get(self, caller: Caller, request_id: str) -> str:
        """Read the caller's figures as a JSON document.

        Raises:
            InsightsNotFound: the pipeline has published none.
        """
        self._users.ensure_profile_unless_erased(caller, request_id)
        figures = self._insights.find(caller.user_id)
        if figures is None:
            raise InsightsNotFound
        return figures
