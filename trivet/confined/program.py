"""Does one piece of work on a stranger's file; run as a program of its own, so that the file cannot take the worker with it.

    python -I program.py WORK FILE GIVEN      what the work writes to stdout, a JSON line about it, and nothing else, to stderr

WORK is a file of Python with `work(file, out, **given)`; GIVEN is JSON: {memory, cpu, bytes, given}. The limits hold before
the work is read, and the process has left the network by then, where the system lets it.
"""

import ctypes
import errno
import importlib.util
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

TOO_MUCH = "TOO_MUCH"
FAILED = "FAILED"
NO_ROOM = "DISK_FULL"
# python ignores SIGXFSZ: what goes over the limit of a file is an error
_TROUBLES = {errno.ENOSPC: NO_ROOM, errno.EDQUOT: NO_ROOM, errno.EFBIG: TOO_MUCH, errno.ENOMEM: TOO_MUCH}


def limit(memory: int, cpu: int, size: int) -> None:
    """No more than these bytes of address space, seconds of CPU and bytes in a file, and no image of a crash on disk."""
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def leave_network() -> bool:
    """Whether this process can reach no address any more, not even its own machine's."""
    new_user, new_network = 0x10000000, 0x40000000
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (OSError, AttributeError):
        return False
    # root needs no user namespace, and one would take its right to read the file
    return bool(unshare(new_network if os.geteuid() == 0 else new_user | new_network) == 0)


def _work(file: str) -> Any:
    spec = importlib.util.spec_from_file_location("confined_work", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def done(work: str, file: str, given: dict[str, Any]) -> dict[str, Any]:
    """What the work says of the file, or {code, message} where it does not read it."""
    # whichever way the package is installed: an isolated interpreter knows no path but its own
    sys.path.append(str(Path(__file__).parents[2]))
    from trivet.confined.refusal import Refused

    try:
        said: dict[str, Any] = _work(work).work(Path(file), sys.stdout.buffer, **given)
        sys.stdout.buffer.flush()
    except Refused as refused:
        return {"code": refused.code, "message": str(refused)}
    except (MemoryError, RecursionError):
        return {"code": TOO_MUCH, "message": ""}
    except OSError as error:
        # no room for what is written is the machine's trouble, not the file's
        return {"code": _TROUBLES.get(error.errno or 0, FAILED), "message": f"{error.strerror}"}
    return said


def main(work: str, file: str, given: str) -> None:
    """One file under limits; the answer is a JSON line on stderr."""
    told = json.loads(given)
    leave_network()
    limit(told["memory"], told["cpu"], told["bytes"])
    # what libraries say of a file repeats parts of it, without end where it is made for that
    answer = os.dup(sys.stderr.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    said = done(work, file, told["given"])
    with os.fdopen(answer, "w") as parent:
        parent.write("\n" + json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:4])
