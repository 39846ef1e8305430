"""One file per step, `<number>_<what>.py`."""
