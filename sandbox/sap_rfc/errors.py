"""The exceptions of the module `pyrfc`: its tree and its attributes, with what the RFC library told.

RFCError ── RFCLibError ─┬─ ABAPApplicationError   a classic exception or an error message; the session lives on
                         ├─ ABAPRuntimeError       a dump or a message of type A; the session is gone
                         ├─ CommunicationError     the connection is gone
                         ├─ LogonError
                         └─ External…Error, RFCTypeError
"""

_UNKNOWN = 28


class RFCError(Exception):
    """Everything that goes wrong with RFC."""


class RFCLibError(RFCError):
    """What the RFC library says: return code, key, and the ABAP message if there was one."""

    def __init__(
        self, message: str | None = None, code: int | None = None, key: str | None = None,
        msg_class: str | None = None, msg_type: str | None = None, msg_number: str | None = None,
        msg_v1: str | None = None, msg_v2: str | None = None, msg_v3: str | None = None, msg_v4: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.message, self.code, self.key = message, code, key
        self.msg_class, self.msg_type, self.msg_number = msg_class, msg_type, msg_number
        self.msg_v1, self.msg_v2, self.msg_v3, self.msg_v4 = msg_v1, msg_v2, msg_v3, msg_v4

    def __str__(self) -> str:
        code = _UNKNOWN if self.code is None else self.code
        values = ";".join(str(v) for v in (self.msg_v1, self.msg_v2, self.msg_v3, self.msg_v4))
        said = f"class={self.msg_class}, type={self.msg_type}, number={self.msg_number}, v1-4:={values}"
        first = code if 1 <= code <= 34 else "??"
        return f"{first} (rc={self.code}): key={self.key}, message={self.message} [MSG: {said}]"


class ABAPApplicationError(RFCLibError):
    """A classic exception of the function, or an error message that it sent."""


class ABAPRuntimeError(RFCLibError):
    """The function dumped or sent a message of type A or X."""


class CommunicationError(RFCLibError):
    """The connection failed."""


class ExternalApplicationError(RFCLibError):
    """An error of an external program."""


class ExternalAuthorizationError(RFCLibError):
    """An external program's right is missing."""


class ExternalRuntimeError(RFCLibError):
    """The library refuses a call."""


class RFCTypeError(RFCLibError):
    """Defined by the module, never raised."""


class LogonError(RFCLibError):
    """The user may not log on."""

    def __init__(
        self, message: str | None = None, code: int = 2, key: str = "RFC_LOGON_FAILURE",
        msg_class: str | None = None, msg_type: str | None = None, msg_number: str | None = None,
        msg_v1: str | None = None, msg_v2: str | None = None, msg_v3: str | None = None, msg_v4: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message, code, key, msg_class, msg_type, msg_number, msg_v1, msg_v2, msg_v3, msg_v4)


RECONNECTS = (ABAPRuntimeError, CommunicationError, LogonError, ExternalRuntimeError)
"""After these a call opens the connection anew before it raises."""
