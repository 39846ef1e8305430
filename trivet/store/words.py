"""What a store says when it does not do what it was asked."""

from trivet.errors import AuthFailed, ConfigError, Retryable

NAME = "recordings"
"""Stands where a vendor's call names its connector: the trouble is the store's, not a vendor's."""


def gone(operation: str) -> Retryable:
    """The recording was there."""
    return Retryable(
        "the recording is not in the store any more", connector=NAME, operation=operation, vendor_code="RECORDING_GONE",
        cure="the next try fetches it again from where it came",
    )  # fmt: skip


def away(operation: str, why: str) -> Retryable:
    """The store cannot be reached, or answers with its own troubles."""
    return Retryable(
        f"the store does not answer ({why})", connector=NAME, operation=operation, vendor_code="STORE_AWAY",
        cure="it is tried again; `trivet doctor` says whether it is back",
    )  # fmt: skip


def keeps(operation: str) -> Retryable:
    """What was deleted is still to be seen."""
    return Retryable(
        "the store still shows what was deleted", connector=NAME, operation=operation, vendor_code="STORE_KEEPS",
        cure="it is deleted again with the next try",
    )  # fmt: skip


def locked(operation: str) -> AuthFailed:
    """The store knows us not, or lets us not do this."""
    return AuthFailed(
        "the store does not let us in", connector=NAME, operation=operation, vendor_code="STORE_LOCKED",
        cure="check login and password, and the rights to read, write, list and delete below the prefix",
    )  # fmt: skip


def unusable(place: str, why: str) -> ConfigError:
    """The driver takes its options only when it is first asked something."""
    return ConfigError(
        f"its driver cannot use what it was given ({why})", code="CONFIG_STORE", place=place,
        cure="mend TRIVET_RECORDINGS_OPTIONS, or `options` of the connection: names as the driver's own page has them",
    )  # fmt: skip


def missing(place: str) -> ConfigError:
    """There is no such bucket."""
    return ConfigError(
        "there is no such store", code="STORE_MISSING", place=place,
        cure="make the bucket, or mend TRIVET_RECORDINGS and the endpoint among its options",
    )  # fmt: skip
