"""A token issuer: keys over HTTPS, as a function or an authorizer fetches them, and RS256 tokens signed with them."""

import base64
import contextlib
import datetime
import http.server
import ipaddress
import json
import ssl
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from servers import served

AUDIENCE = "address-book-proof"
KEY_ID = "proof"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Issuer:
    """Signs tokens as `url`."""

    def __init__(self, url, key):
        self.url = url
        self.key = key

    def token(self, subject, phone=None, **claims):
        """A token of `subject` that proves `phone`; `claims` replace its own."""
        now = int(time.time())
        body = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 3600}
        if phone is not None:
            body["phone_number"] = phone
            body["phone_number_verified"] = "true"
        body.update(claims)
        header = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, body))
        return f"{signed}.{base64url(self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def documents(url, key):
    public = key.public_key().public_numbers()
    jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": number(public.n), "e": number(public.e)}
    return {
        "/.well-known/openid-configuration": {"issuer": url, "jwks_uri": f"{url}/.well-known/jwks.json"},
        "/.well-known/jwks.json": {"keys": [jwk]},
    }


def common_name(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certificate(name, key, authority):
    """A certificate of a key that is valid today, still without extensions and signature."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(common_name(name))
        .issuer_name(common_name(authority))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def write_certificates(folder):
    """An authority's certificate, and one of the authority for 127.0.0.1 with its key, each in a file.

    The two differ because rustls takes no authority for a server.
    """
    authority_key, key = new_key(), new_key()
    authority = (
        certificate("proof", authority_key, "proof")
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        certificate("127.0.0.1", key, "proof")
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .sign(authority_key, hashes.SHA256())
    )
    authority_file, server_file, key_file = (folder / f"{name}.pem" for name in ("authority", "issuer", "issuer-key"))
    authority_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    server_file.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return authority_file, server_file, key_file


@contextlib.contextmanager
def issuer(folder):
    """A running issuer, and the file of the certificate that vouches for it."""
    authority_file, certificate_file, key_file = write_certificates(folder)
    pages = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path)
            body = json.dumps(page).encode()
            self.send_response(404 if page is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate_file, key_file)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    url, key = f"https://127.0.0.1:{server.server_address[1]}", new_key()
    pages.update(documents(url, key))
    with served(server):
        yield Issuer(url, key), authority_file
