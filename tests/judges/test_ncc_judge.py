"""Java's own classes judge NCC's signatures, secrets and bodies: the server is a Java program, and so is its maker's tool."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from trivet_connectors.yonyou_ncc import secrecy

PROGRAM = Path(__file__).with_name("NccJudge.java")
BODY = json.dumps({"name": "𠮷田 O'Brien", "reason": "服务意识" * 40}, ensure_ascii=False)
SECRET = "a-secret-of-20-chars"

pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="java (a JDK) is not installed")


def test_java_says_the_same() -> None:
    """What Java signs and encrypts is what we do; what Java packs we unpack, and the other way round."""
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = base64.b64encode(
        pair.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    ).decode()
    private = base64.b64encode(
        pair.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    ).decode()
    key, text = base64.b64encode(bytes(range(32))).decode(), "trivet" + BODY + public
    given = [
        public, text, BODY, key, private, secrecy.encrypt_secret(SECRET, public, "2021.05"),
        secrecy.wrap(BODY, "L2", key),
    ]  # fmt: skip
    # arguments reach Java in the encoding of the locale
    utf8 = {**os.environ, "LC_ALL": "C.UTF-8"}
    said = subprocess.run(
        ["java", "-Dfile.encoding=UTF-8", str(PROGRAM), *given],
        capture_output=True, check=True, timeout=120, encoding="utf-8", env=utf8,
    ).stdout  # fmt: skip
    signature, l1, l3, l4, l2, secret, unpacked = said.splitlines()
    assert signature == secrecy.sign(text, public, "2021.05")
    assert l1 == secrecy.wrap(BODY, "L1", key)
    for level, wrapped in (("L2", l2), ("L3", l3), ("L4", l4)):
        assert secrecy.unwrap(wrapped, level, key) == BODY  # type: ignore[arg-type]
    assert secret == SECRET
    assert unpacked == BODY
