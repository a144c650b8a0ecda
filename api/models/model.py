"""What the API's documents have in common."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A JSON document: it cannot be changed, and its errors do not repeat what was sent.

    Its validator is built when it is first used, or by `prepare`: a process that starts for one request needs few of
    them (ADR 0107).
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, defer_build=True)

    @classmethod
    def prepare(cls) -> None:
        """Build the validators of this model and of all that inherit from it, unless they have been built."""
        for model in cls.__subclasses__():
            model.model_rebuild()
            model.prepare()
