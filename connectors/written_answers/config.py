"""Settings of the reader of written answers."""

from trivet.papers.reading import PaperLimits

NAME = "written_answers"


class WrittenAnswersConfig(PaperLimits):
    """What it refuses to read."""
