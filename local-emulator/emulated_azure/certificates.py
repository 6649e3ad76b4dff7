"""A certificate of its own for the emulator: Azure's clients send a token over TLS only.

It is signed by an authority of its own, whose key is forgotten at once. Both stand in one file, which a server shows
and a client trusts; clients that take no authority for a server's certificate are content, too.
"""

import ipaddress
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=30)
SLACK = timedelta(hours=1)  # clocks differ
USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
Extensions = Sequence[tuple[x509.ExtensionType, bool]]


def make(folder: Path) -> tuple[Path, Path]:
    """Write a new certificate for 127.0.0.1 and localhost, and its key, into *folder*; return both files."""
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain = (_server(key, authority), _authority(authority))
    files = folder / "certificate.pem", folder / "certificate.key"
    files[0].write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in chain))
    descriptor = os.open(files[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    extensions = [(x509.BasicConstraints(ca=True, path_length=0), True), (_usage("key_cert_sign"), True)]
    return _signed("Atalaia's local emulator", key, key, extensions)


def _server(key: ec.EllipticCurvePrivateKey, authority: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    places = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    extensions: Extensions = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName(places), False),
        (_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), False),
    ]
    return _signed("127.0.0.1", key, authority, extensions)


def _usage(use: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name == use for name in USES})


def _signed(
    subject: str, key: ec.EllipticCurvePrivateKey, authority: ec.EllipticCurvePrivateKey, extensions: Extensions
) -> x509.Certificate:
    start = datetime.fromtimestamp(time.time(), UTC) - SLACK
    builder = x509.CertificateBuilder().public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.subject_name(_name(subject)).issuer_name(_name("Atalaia's local emulator"))
    builder = builder.not_valid_before(start).not_valid_after(start + SLACK + LIFETIME)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(authority, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
