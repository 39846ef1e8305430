"""A key management service that wraps the key ring's keys: what lies in the environment or the key file is of no use without it.

TRIVET_KMS           entry point in the group `trivet.key_services`: a callable without arguments that gives a `KeyService`
TRIVET_KMS_COMMAND   command line; called with `wrap` or `unwrap` behind it, base64 on stdin, base64 on stdout
"""

import base64
import shlex
import subprocess
from binascii import Error as BadBase64
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Protocol

from trivet.errors import LedgerError

GROUP = "trivet.key_services"
SERVICE, COMMAND = "TRIVET_KMS", "TRIVET_KMS_COMMAND"
_SECONDS = 30


class KeyService(Protocol):
    """Wraps and unwraps a key of 32 bytes; a `LedgerError`, or any exception, where it cannot."""

    def wrap(self, key: bytes) -> bytes:
        """The wrapped key, in the service's own form."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """The key."""


class CommandService:
    """A service behind a command line, such as a few lines around a cloud's own tool."""

    def __init__(self, command: str) -> None:
        self._command = shlex.split(command)

    def wrap(self, key: bytes) -> bytes:
        """What the command makes of the key."""
        return self._run("wrap", key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """What the command makes of the wrapped key."""
        return self._run("unwrap", wrapped)

    def _run(self, verb: str, given: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - the command is the operator's own
                [*self._command, verb], input=base64.b64encode(given), capture_output=True, timeout=_SECONDS, check=False
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise failed(verb, type(error).__name__) from None
        if done.returncode:
            # what it wrote may hold the key: the exit status has to do
            raise failed(verb, f"exit status {done.returncode}")
        try:
            return base64.b64decode(done.stdout.strip(), validate=True)
        except BadBase64:
            raise failed(verb, "its answer is not base64") from None


def find_service(environ: Mapping[str, str]) -> KeyService | None:
    """The service that the environment names; None where it names none."""
    if environ.get(COMMAND):
        return CommandService(environ[COMMAND])
    name = environ.get(SERVICE)
    if not name:
        return None
    entries = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in entries:
        raise LedgerError(
            f"no key service {name!r} is installed", code="KMS_UNKNOWN", place=f"variable {SERVICE}",
            cure=f"installed: {', '.join(sorted(entries)) or 'none'}; or set {COMMAND}",
        )  # fmt: skip
    service: KeyService = entries[name].load()()
    return service


def failed(verb: str, why: str) -> LedgerError:
    """What is said where the service did not answer."""
    return LedgerError(
        f"the key service could not {verb} a key: {why}", code="KMS_FAILED", place="key service",
        cure="look at the service and at this host's right to use it; nothing was changed",
    )  # fmt: skip
