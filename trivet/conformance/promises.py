"""What every connector promises, whatever it does: settings that are closed, errors that are clear and keep silent."""

import pickle
import ssl
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from trivet.contract import Config
from trivet.errors import ConnectorError

SECRET = "not-the-right-secret-4711"  # noqa: S105 - a wrong one, planted
PERSON = "Planted Person 4711"
"""Somebody's name, planted in answers that cannot be read; no error may repeat it."""


def no_promise_is_dropped(suite: type, test_class: type) -> None:
    """A standard test that a subclass writes anew, or sets to nothing, says why by `pytest.mark.xfail(reason=…)`."""
    for name, own in vars(test_class).items():
        if not name.startswith("test_") or not hasattr(suite, name):
            continue
        marks = [mark for mark in getattr(own, "pytestmark", []) if mark.name == "xfail"]
        if not any(mark.kwargs.get("reason") for mark in marks):
            raise TypeError(
                f"{test_class.__name__}.{name} overrides a promise of {suite.__name__}; mark it "
                "`pytest.mark.xfail(reason=…)` and say why it cannot be kept"
            )


@contextmanager
def self_signed(folder: Path) -> Iterator[str]:
    """The address of an HTTPS server on loopback whose certificate nobody has signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - timedelta(days=1))
    certificate = built.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "self-signed.pem"
    file.write_bytes(secret + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = _Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A handshake that the caller breaks off is what the test is about."""


def settings_are_closed(config: type[Config]) -> None:
    """A misspelt setting is refused, a built one cannot be changed, and every one says what it is for."""
    assert config.model_config["extra"] == "forbid"
    assert config.model_config["frozen"]
    assert all(field.description for field in config.model_fields.values())


def error_is_clear(error: ConnectorError, connector: str) -> None:
    """One line that names connector and operation, no secret and no person even in the traceback, and it pickles."""
    line = str(error)
    assert error.operation
    assert line.startswith(f"{connector} {error.operation}: ")
    assert "\n" not in line
    assert error.message.strip()
    # a chained error is logged with it: `invalid literal for int(): 'Ada Lovelace'`
    shown = "".join([repr(error), error.explained(), *traceback.format_exception(error)])
    assert SECRET not in shown
    assert PERSON not in shown
    copy: Any = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), copy.explained()) == (type(error), line, error.explained())
