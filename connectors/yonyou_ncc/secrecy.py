"""What NCC wants signed, encrypted and packed, and how: reproduced with the Java classes that the vendor's own tool uses.

    signature   SHA-256 in hex over the text and, since release 2021.05, a salt that follows from the public key
    secret      RSA under the application's public key: OAEP with SHA-256 since 2021.05, PKCS #1 v1.5 before
    L0          the body as it is
    L1          AES in counter mode, base64; the key and its first 16 characters (the counter) come with the token
    L2          gzip, base64
    L3          gzip, then AES
    L4          AES, then gzip

Key and counter stay the same for a token's whole life, so AES hides little from who hears two bodies: it is no replacement
for https.
"""

import base64
import gzip
import hashlib
import zlib
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trivet.http import MAX_BODY

Level = Literal["L0", "L1", "L2", "L3", "L4"]
LEVELS: tuple[Level, ...] = ("L0", "L1", "L2", "L3", "L4")
Release = Literal["2021.05", "older"]
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
_GZIP = 16 + zlib.MAX_WBITS


def rsa_key(public_key: str) -> RSAPublicKey:
    """The application's key; ValueError where the text is none."""
    key = load_der_public_key(base64.b64decode(public_key, validate=True))
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the key is not an RSA key")
    return key


def sign(text: str, public_key: str, release: Release) -> str:
    """Signature of a text that ends with the public key."""
    salted = text + (_salt(public_key) if release == "2021.05" else "")
    return hashlib.sha256(salted.encode()).hexdigest()


def encrypt_secret(secret: str, public_key: str, release: Release) -> str:
    """The application's secret as the request for a token carries it, not yet encoded for an address."""
    how = _OAEP if release == "2021.05" else padding.PKCS1v15()
    return base64.b64encode(rsa_key(public_key).encrypt(secret.encode(), how)).decode()


def wrap(text: str, level: Level, key: str) -> str:
    """A body as the level wants it."""
    match level:
        case "L0":
            return text
        case "L1":
            return _aes(text, key)
        case "L2":
            return _pack(text)
        case "L3":
            return _aes(_pack(text), key)
        case "L4":
            return _pack(_aes(text, key))


def unwrap(text: str, level: Level, key: str) -> str:
    """The same backwards; ValueError where it is not what the level says."""
    match level:
        case "L0":
            return text
        case "L1":
            return _unaes(text, key)
        case "L2":
            return _unpack(text)
        case "L3":
            return _unpack(_unaes(text, key))
        case "L4":
            return _unaes(_unpack(text), key)


def _salt(public_key: str) -> str:
    # the first 16 bytes of Java's SHA1PRNG with the key as its seed
    state = hashlib.sha1(public_key.encode()).digest()  # noqa: S324 - the vendor's generator
    return base64.b64encode(hashlib.sha1(state).digest()[:16]).decode()  # noqa: S324


def _cipher(key: str) -> Cipher[modes.CTR]:
    return Cipher(algorithms.AES(base64.b64decode(key)), modes.CTR(key[:16].encode()))


def _aes(text: str, key: str) -> str:
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(encryptor.update(text.encode()) + encryptor.finalize()).decode()


def _unaes(text: str, key: str) -> str:
    decryptor = _cipher(key).decryptor()
    return (decryptor.update(base64.b64decode(text)) + decryptor.finalize()).decode()


def _pack(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _unpack(text: str) -> str:
    reader = zlib.decompressobj(_GZIP)
    try:
        content = reader.decompress(base64.b64decode(text), MAX_BODY)
    except zlib.error as error:
        raise ValueError("not gzip") from error
    if reader.unconsumed_tail or not reader.eof:
        raise ValueError("cut off, or larger than an answer may be")
    return content.decode()
