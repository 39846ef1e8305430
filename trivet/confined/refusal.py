"""What a piece of confined work raises; it imports nothing, for a child process loads it before anything else."""


class Refused(Exception):
    """The file is not read; the code says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
