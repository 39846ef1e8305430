"""The RFC library, found by import name, and what its exceptions mean.

ABAPApplicationError   the function says no; the session and its unit of work live on
any other RFCError     the library may have opened a new session by itself: the unit of work and its locks are gone
TypeError, ValueError  a value could not be packed; nothing was sent
"""

import importlib
from typing import Any

from trivet.errors import AuthFailed, ConfigError, ConnectorError, RateLimited, Retryable

from .config import SapRfcConfig

NAME = "sap_rfc"
_CURE = "build PyRFC against the SAP NetWeaver RFC SDK, or `pip install 'trivet[pyrfcx]'` where there is no build of your own"
_SDK = "install the SAP NetWeaver RFC SDK (SAP download, S-user) and set SAPNWRFC_HOME to its folder"


class Library:
    """One imported library with a connection's parameters."""

    def __init__(self, config: SapRfcConfig) -> None:
        self.config = config
        try:
            self.module: Any = importlib.import_module(config.library)
        except ImportError as error:
            raise ConfigError(
                f"the RFC library {config.library} cannot be imported", code="RFC_LIBRARY_MISSING", cure=_CURE
            ) from error

    def open(self, operation: str) -> Any:
        """A new connection; an error says that nothing was done."""
        try:
            return self.module.Connection(
                config={"timeout": self.config.call_seconds}, **self.config.parameters()
            )
        except self.module.RFCError as error:
            raise self.opening(operation, error) from None
        except Exception as error:
            # pyrfcx imports without the SDK and misses it here; its SdkNotFoundError is no RFCError
            if type(error).__name__ == "SdkNotFoundError":
                raise Retryable(
                    "the SAP NetWeaver RFC SDK was not found", connector=NAME, operation=operation,
                    vendor_code="SdkNotFoundError", cure=_SDK,
                ) from None  # fmt: skip
            raise

    def opening(self, operation: str, error: Any) -> ConnectorError:
        """What a failed logon means."""
        where: dict[str, Any] = {"connector": NAME, "operation": operation, "vendor_code": code(error)}
        if isinstance(error, self.module.LogonError) or _no_right(error):
            return AuthFailed(
                "SAP refuses the logon",
                cure="compare client, user and password; is the user locked?",
                **where,
            )
        if "conversations exceeded" in str(error) or getattr(error, "key", "") == "RFC_RESOURCE_FAILURE":
            return RateLimited(
                "the gateway has no conversation free", retry_after=self.config.pause_seconds,
                cure="raise rdisp/max_comm_entries, or let fewer workers in", **where,
            )  # fmt: skip
        return Retryable(
            "no connection to SAP",
            cure="check ashost, sysnr and saprouter, and that the gateway's port is open",
            **where,
        )

    def refuses(self, error: BaseException) -> bool:
        """Whether the function itself said no, in a session that lives on."""
        return isinstance(error, self.module.ABAPApplicationError)

    def no_right(self, error: BaseException) -> bool:
        """Whether the user lacks the right to call the function."""
        return _no_right(error)


def code(error: Any) -> str:
    """Key, and class and number of the message where there is one: never a text, texts quote what was sent."""
    message = " ".join(str(getattr(error, name, None) or "") for name in ("msg_class", "msg_number")).strip()
    return " ".join(filter(None, (str(getattr(error, "key", "") or type(error).__name__), message)))


def _no_right(error: Any) -> bool:
    return str(getattr(error, "key", "")) in ("RFC_NO_AUTHORITY", "RFC_AUTHORIZATION_FAILURE")
