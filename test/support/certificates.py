"""Certificates for tests, each in two files: `Certificate(folder).options` are those of `integrity serve`."""

import datetime
import ipaddress
import os
import pathlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


class Certificate:
    """For localhost and 127.0.0.1, valid from and until so many days from now; signed by `issuer`, or by itself."""

    def __init__(self, folder: pathlib.Path, name: str = "localhost", begins: float = -1, ends: float = 90,
                 issuer: "Certificate | None" = None, authority: bool = False, rsa_bits: int = 0):
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        self.signed = (
            x509.CertificateBuilder().subject_name(self.subject).issuer_name((issuer or self).subject)
            .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=begins)).not_valid_after(now + datetime.timedelta(days=ends))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign((issuer or self).key, hashes.SHA256()))
        self.path, self.key_path = folder / f"{name}.pem", folder / f"{name}.key"
        self.write(self.path, self.pem)
        self.write(self.key_path, self.key_pem())

    @staticmethod
    def write(path: pathlib.Path, content: bytes, mode: int = 0o600) -> None:
        """Complete or not at all, as programs that renew certificates do."""
        fresh = path.with_suffix(".new")
        fresh.write_bytes(content)
        os.chmod(fresh, mode)
        fresh.rename(path)

    @property
    def pem(self) -> bytes:
        return self.signed.public_bytes(serialization.Encoding.PEM)

    def key_pem(self, password: bytes = b"") -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption())

    @property
    def options(self) -> list:
        return ["--tls-cert", self.path, "--tls-key", self.key_path]


def trusting(path) -> ssl.SSLContext:
    """For clients: trusts this certificate."""
    return ssl.create_default_context(cafile=path)
