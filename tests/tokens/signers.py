"""PyJWT and joserfc, each without the checks by which it keeps its users from making a forgery."""

import json
import warnings

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from jwt import algorithms
from jwt.api_jws import PyJWS

# What servers have taken for `none`, one at a time.
SPELLINGS_OF_NONE = ["none", "None", "NONE", "nOnE", "none ", ""]


def header(alg="RS256", kid="rsa", typ="JWT", **more):
    """A header, without the fields that are None."""
    fields = {"alg": alg, "kid": kid, "typ": typ, **more}
    return {name: value for name, value in fields.items() if value is not None}


def encoded(payload):
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


class AnyHmac(algorithms.HMACAlgorithm):
    """HMAC with any key, even a public one."""

    def prepare_key(self, key):
        return key


class AnyHeader(PyJWS):
    """Writes any header."""

    def _validate_headers(self, headers, *, encoding=False):
        pass


class PyJwt:
    """Signs with PyJWT."""

    name = "PyJWT"

    def __init__(self):
        self.jws = AnyHeader()
        for bits in (256, 384, 512):
            self.replace(f"HS{bits}", AnyHmac(getattr(AnyHmac, f"SHA{bits}")))
        for spelling in SPELLINGS_OF_NONE:
            self.replace(spelling, algorithms.NoneAlgorithm())
        # The same signature under a name that isn't the registered one.
        self.replace("rs256", algorithms.RSAAlgorithm(algorithms.RSAAlgorithm.SHA256))

    def replace(self, name, algorithm):
        if name in self.jws.get_algorithms():
            self.jws.unregister_algorithm(name)
        self.jws.register_algorithm(name, algorithm)

    def sign(self, fields, payload, key):
        """A token with this header and payload; `key` is a private key, the bytes of a secret, or None."""
        with warnings.catch_warnings(action="ignore"):
            return self.jws.encode(encoded(payload), key, fields["alg"], {"typ": None, **fields})


class AnyHeaderAndAlgorithm(jws.JWSRegistry):
    """Writes any header."""

    algorithms = dict(jws.JWSRegistry.algorithms)

    def check_header(self, header):
        pass


class Unsigned(type(jws.JWSRegistry.algorithms["none"])):
    """No signature, under another name than `none`."""

    def __init__(self, name):
        self.name = name


class LowerCase(type(jws.JWSRegistry.algorithms["RS256"])):
    """RS256 under a name that isn't the registered one."""

    def __init__(self):
        super().__init__(256)
        self.name = "rs256"


for forged in [*map(Unsigned, SPELLINGS_OF_NONE), LowerCase()]:
    AnyHeaderAndAlgorithm.algorithms[forged.name] = forged


class Joserfc:
    """Signs with joserfc."""

    name = "joserfc"

    def sign(self, fields, payload, key):
        """A token with this header and payload; `key` is a private key, the bytes of a secret, or None."""
        registry = AnyHeaderAndAlgorithm(algorithms=list(AnyHeaderAndAlgorithm.algorithms))
        with warnings.catch_warnings(action="ignore"):
            return jws.serialize_compact(fields, encoded(payload), joserfc_key(key), registry=registry)


def joserfc_key(key, **parameters):
    """A key of joserfc."""
    if key is None or isinstance(key, bytes):
        # Not by import_key, which refuses a public key as a secret.
        return OctKey(key or b"-", key or b"-", parameters)
    for kind, native in [(RSAKey, rsa.RSAPrivateKey), (ECKey, ec.EllipticCurvePrivateKey), (OKPKey, ed25519.Ed25519PrivateKey)]:
        if isinstance(key, native):
            # It warns of a short key.
            with warnings.catch_warnings(action="ignore"):
                return kind.import_key(pem(key), parameters)
    raise TypeError(type(key))


def pem(key):
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def jwk(key, **parameters):
    """The public half of a key as a JSON Web Key, or a secret as one."""
    return joserfc_key(key, **parameters).as_dict(private=False)


LIBRARIES = [PyJwt(), Joserfc()]
