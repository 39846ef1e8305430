"""Settings of local Whisper."""

from pydantic import Field

from trivet.audio import Limits

NAME = "whisper_local"


class WhisperLocalConfig(Limits):
    """Model and limits; the defaults are what measured best on two cores."""

    model: str | None = None
    """Folder of a CTranslate2 Whisper model, or a hub id such as `large-v3`; None takes the model of the demo packages."""
    allow_download: bool = False
    """Whether a hub id may be downloaded; without it a hub id is an error."""
    device: str = "cpu"
    """`cpu` or `cuda`."""
    compute_type: str = "int8"
    """Arithmetic: `int8` on CPUs, `float16` on GPUs."""
    cpu_threads: int = Field(default=1, ge=1)
    """Threads of one process; several processes with one thread each use less CPU than one with several."""
    beam_size: int = Field(default=5, ge=1)
    """Search width."""
    hints: bool = True
    """Whether the position's keywords are told to the recogniser, the same for every candidate of a position; raises the
    recall of terms, and is recorded with the transcript."""
