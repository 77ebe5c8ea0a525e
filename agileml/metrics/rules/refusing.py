"""What cannot be done now, with the reason for a person and a code for machines."""


class CannotBe(Exception):
    """The state of things does not allow it. `code` is for machines, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
