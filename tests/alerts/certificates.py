"""Certificates for the tests, made on the spot by an authority of their own."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """Signs certificates for receivers; ``trusting`` is a sender's context that trusts it and nobody else."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    folder: Path

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=_pem(self.certificate).decode())

    def receiver(self, host: str = "127.0.0.1", *, days_valid: int = 1) -> ssl.SSLContext:
        """A receiver's context, for a host name or address; a negative ``days_valid`` is long expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        end = datetime.now(UTC) + days_valid * _DAY
        certificate = (
            _builder("receiver", key, end)
            .issuer_name(self.certificate.subject)
            .add_extension(x509.SubjectAlternativeName([_name(host)]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return _context(certificate, key, self.folder)

    def self_signed(self, host: str = "127.0.0.1") -> ssl.SSLContext:
        """A receiver's context that nobody vouches for."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder("receiver", key, datetime.now(UTC) + _DAY)
        certificate = (
            builder.issuer_name(_subject("receiver"))
            .add_extension(x509.SubjectAlternativeName([_name(host)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        return _context(certificate, key, self.folder)


# Python 3.13 takes no certificate that leaves out what the standard asks for.
_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def authority(folder: Path) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder("authority", key, datetime.now(UTC) + _DAY)
        .issuer_name(_subject("authority"))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_SIGNS_CERTIFICATES, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key, folder)


def _builder(name: str, key: ec.EllipticCurvePrivateKey, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - 10 * _DAY)
        .not_valid_after(end)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _context(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, folder: Path) -> ssl.SSLContext:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{certificate.serial_number}.pem"
    path.write_bytes(private + _pem(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context
