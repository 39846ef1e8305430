"""A file of this machine that lies below a folder, whatever links say."""

import os
import stat
from pathlib import Path
from typing import IO

from trivet.errors import Rejected

from .config import NAME


def opened_below(root: str, path: str) -> IO[bytes]:
    """The file, opened; `Rejected` PATH_LEAVES_FOLDER where a link leads out of the folder, or to no plain file."""
    wanted = Path(path).resolve(strict=True)
    if not wanted.is_relative_to(Path(root).resolve(strict=True)):
        raise _refused("a link leads out of the folder")
    # no waiting for whoever writes into a pipe
    handle = os.open(wanted, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    opened, judged = os.fstat(handle), wanted.lstat()
    # a folder that became a link between the look and the opening gives another file than the one that was judged
    same = (opened.st_dev, opened.st_ino) == (judged.st_dev, judged.st_ino) and wanted == wanted.resolve()
    if not same or not stat.S_ISREG(opened.st_mode):
        os.close(handle)
        raise _refused("it is no plain file of the folder")
    return os.fdopen(handle, "rb")


def _refused(why: str) -> Rejected:
    return Rejected(why, connector=NAME, operation="download", vendor_code="PATH_LEAVES_FOLDER")
