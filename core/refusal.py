"""The one kind of exception that a user is meant to read."""

from collections.abc import Sequence


class Refusal(Exception):
    """A verb says no: the message is a whole translated sentence that says what to do.

    `details` holds further sentences (what is still missing, what differs) for a list under it.
    """

    http_status = 409  # what the API answers: 409 for a step that is not open, 422 for input

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = list(details)

    def __str__(self) -> str:
        return str(self.message)
