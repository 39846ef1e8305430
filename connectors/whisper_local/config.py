"""Settings of local Whisper."""

from typing import Literal

from pydantic import Field

from trivet.audio import Limits

NAME = "whisper_local"


class WhisperLocalConfig(Limits):
    """Model and limits; the defaults are what measured best on two cores."""

    model: str | None = None
    """Folder of a CTranslate2 Whisper model, or a hub id such as `large-v3`; None takes the model of the demo packages."""
    allow_download: bool = False
    """Whether a hub id may be downloaded; without it a hub id is an error."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Where it works."""
    compute_type: str | None = None
    """Arithmetic; None takes `int8` on a CPU and `float16` on a GPU."""
    batch_size: int | None = Field(default=None, ge=0)
    """Pieces of one recording that are heard at once; 0 hears them one after the other, None takes 0 on a CPU and 16 on a GPU.
    Batches are quicker and lose a sentence now and then."""
    cpu_threads: int = Field(default=1, ge=1)
    """Threads of one process; several processes with one thread each use less CPU than one with several."""
    beam_size: int = Field(default=5, ge=1)
    """Search width."""
    word_times: bool = False
    """Whether each word's time is found too, for a fifth more work."""
    split_channels: bool = True
    """Whether the two channels of a recording are heard apart where one person speaks on each."""
    candidate_channel: Literal["left", "right"] | None = None
    """The candidate's channel in such recordings: what the other one says is kept beside the transcript and not scored."""
    hints: bool = True
    """Whether the position's keywords are told to the recogniser, the same for every candidate of a position; raises the
    recall of terms, and is recorded with the transcript."""

    @property
    def arithmetic(self) -> str:
        """`compute_type`, chosen."""
        return self.compute_type or ("float16" if self.device == "cuda" else "int8")

    @property
    def batch(self) -> int:
        """`batch_size`, chosen."""
        return self.batch_size if self.batch_size is not None else 16 if self.device == "cuda" else 0
