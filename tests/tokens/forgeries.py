"""Tokens that nobody may sign in with. Each generator yields what a token is, and the token."""

import base64
import datetime
import json
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID
from joserfc import jwe

from openid_issuer import CONFIGURATION, KEYS
from signers import SPELLINGS_OF_NONE, header, joserfc_key, jwk

# The order of P-256, modulo which its signatures are.
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Further from now than the 60 s that clocks may differ.
TOO_FAR = 75


def all_forgeries(library, issuer, attacker):
    """All of them; `attacker` is an issuer that the server doesn't list."""
    for forgeries in (unsigned, public_key_as_secret, other_algorithms, wrong_keys, headers, signatures, shapes, encrypted):
        yield from forgeries(library, issuer, attacker)
    for what, claims in wrong_claims(issuer, attacker):
        yield what, issuer_signs(library, issuer, claims)


def issuer_signs(library, issuer, payload, **more):
    fields, key = issuer.signing("RS256")
    return library.sign({**fields, **more}, payload, key)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(library, issuer, _):
    claims = issuer.claims("victim")
    signature = issuer.token(library, "victim").split(".")[2]
    for spelling in SPELLINGS_OF_NONE:
        for kid in (None, issuer.rsa_id):
            token = library.sign(header(spelling, kid), claims, None)
            yield f"alg {spelling!r}, kid {kid}, no signature", token
            yield f"alg {spelling!r}, kid {kid}, no last dot", token.rstrip(".")
            yield f"alg {spelling!r}, kid {kid}, another token's signature", token + signature
            yield f"alg {spelling!r}, kid {kid}, some signature", token + "AAAA"
    for alg in ("RS256", "ES256"):
        fields, key = issuer.signing(alg)
        yield f"{alg} without its signature", library.sign(fields, claims, key).rpartition(".")[0] + "."


def public_key_as_secret(library, issuer, _):
    for key, kid in [(issuer.rsa, issuer.rsa_id), (issuer.ec, issuer.ec_id)]:
        secrets = {name: secret for name, secret in spellings_of_public_key(key, issuer, kid)}
        # HMAC fills a short key up with zeros, so this one is also the empty one.
        secrets["nothing"] = b"\0"
        for bits in (256, 384, 512):
            for name, secret in secrets.items():
                fields = header(f"HS{bits}", kid)
                yield f"HS{bits} keyed with {kid} as {name}", library.sign(fields, issuer.claims("victim"), secret)
    fields = header("HS256", "../../../../../../dev/null")
    yield "HS256, kid is the path of an empty file", library.sign(fields, issuer.claims("victim"), b"\0")


def spellings_of_public_key(key, issuer, kid):
    public = key.public_key()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = public.public_bytes(serialization.Encoding.PEM, spki)
    yield "PEM", pem
    yield "PEM without the last line break", pem.strip()
    yield "PEM with Windows's line breaks", pem.replace(b"\n", b"\r\n")
    yield "DER", public.public_bytes(serialization.Encoding.DER, spki)
    if key is issuer.rsa:
        pkcs1 = serialization.PublicFormat.PKCS1
        yield "PEM of PKCS #1", public.public_bytes(serialization.Encoding.PEM, pkcs1)
        yield "DER of PKCS #1", public.public_bytes(serialization.Encoding.DER, pkcs1)
        modulus = public.public_numbers().n
        yield "its modulus", modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    else:
        point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        yield "its point", point
        yield "its point without the first byte", point[1:]
    [published] = [key for key in issuer.keys if key["kid"] == kid]
    yield "JWK", json.dumps(published).encode()
    yield "short JWK", json.dumps(published, separators=(",", ":")).encode()
    yield "key set", json.dumps({"keys": issuer.keys}).encode()


def other_algorithms(library, issuer, _):
    claims = issuer.claims("victim")
    for alg in ("RS384", "RS512", "PS256", "PS384", "PS512", "rs256"):
        yield f"{alg} by the issuer", library.sign(header(alg, issuer.rsa_id), claims, issuer.rsa)
    for alg, key in [
        ("ES384", ec.generate_private_key(ec.SECP384R1())),
        ("ES512", ec.generate_private_key(ec.SECP521R1())),
        ("ES256K", ec.generate_private_key(ec.SECP256K1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ]:
        for kid in (issuer.rsa_id, issuer.ec_id):
            yield f"{alg}, kid {kid}", library.sign(header(alg, kid), claims, key)


def wrong_keys(library, issuer, attacker):
    claims = issuer.claims("victim")
    for alg, own, forged, kid, other_kid in [
        ("RS256", issuer.rsa, attacker.rsa, issuer.rsa_id, issuer.ec_id),
        ("ES256", issuer.ec, attacker.ec, issuer.ec_id, issuer.rsa_id),
    ]:
        yield f"{alg} by another key", library.sign(header(alg, kid), claims, forged)
        yield f"{alg}, the kid of the other key", library.sign(header(alg, other_kid), claims, own)
        yield f"{alg} by another key, the kid of the other key", library.sign(header(alg, other_kid), claims, forged)
        for unknown in ("unknown", "", kid.upper(), f"{kid} ", f"{kid}\0", "k" * 100_000):
            yield f"{alg}, kid {unknown[:20]!r}", library.sign(header(alg, unknown), claims, own)
            yield f"{alg} by another key, kid {unknown[:20]!r}", library.sign(header(alg, unknown), claims, forged)
        yield f"{alg}, no kid", library.sign(header(alg, None), claims, own)
        yield f"{alg} by another key, no kid", library.sign(header(alg, None), claims, forged)
        for strange in (0, True, [kid], {"kid": kid}):
            yield f"{alg}, kid {strange!r}", library.sign(header(alg, strange), claims, own)
    yield "a token of the attacker's own issuer", attacker.token(library, "victim")


def headers(library, issuer, attacker):
    for typ in ("at+jwt", "logout+jwt", "secevent+jwt", "AT+JWT", "application/at+jwt", "dpop+jwt", "JWE"):
        yield f"typ {typ}", issuer_signs(library, issuer, issuer.claims("victim"), typ=typ)
    for crit in (["exp"], ["unknown"], ["alg"], [], "exp", 1):
        more = {"crit": crit, "exp": 1, "unknown": True}
        yield f"crit {crit!r}", issuer_signs(library, issuer, issuer.claims("victim"), **more)
    # The attacker's own key, described in the header.
    address = attacker.url + KEYS
    chain = [base64.b64encode(certificate(attacker.rsa)).decode()]
    embedded = {
        "jwk": {"jwk": jwk(attacker.rsa, kid=attacker.rsa_id)},
        "jku": {"jku": address},
        "x5u": {"x5u": address},
        "x5c": {"x5c": chain},
        "all of them": {"jwk": jwk(attacker.rsa, kid=attacker.rsa_id), "jku": address, "x5u": address, "x5c": chain},
    }
    for name, fields in embedded.items():
        for kid in (issuer.rsa_id, "attacker", address, None):
            forged = header("RS256", kid, **fields)
            yield f"{name}, kid {kid}", library.sign(forged, issuer.claims("victim"), attacker.rsa)
    yield "jwk with a secret", library.sign(
        header("HS256", None, jwk={"kty": "oct", "k": base64url(b"secret" * 6)}), issuer.claims("victim"), b"secret" * 6
    )


def certificate(key):
    """A certificate that a key issues to itself, as DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    signed = builder.not_valid_before(now - day).not_valid_after(now + day).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def wrong_claims(issuer, attacker):
    """Payloads that the issuer itself would have to sign."""
    now = int(time.time())
    wrong = {
        "iss": [
            issuer.url + "/", issuer.url.upper(), issuer.url[:-1], issuer.url + "/other", issuer.url + "@attacker",
            issuer.url + CONFIGURATION, issuer.url.replace("http:", "https:"), " " + issuer.url, attacker.url, "",
            [issuer.url], {"iss": issuer.url}, 1, None,
        ],
        "aud": ["other", "PROJECT", "project ", "projects", "", [], ["other"], [["project"]], {"project": True}, 1, None],
        "sub": ["", "x" * 257, "é" * 129, 1, True, ["victim"], {"sub": "victim"}, None],
        "exp": [
            now - TOO_FAR, now - 86_400, 0, -1, -now, str(now + 3600), "", [now + 3600], {"exp": now + 3600}, True, False,
            None,
        ],
        "nbf": [now + TOO_FAR, now + 86_400],
        "iat": [now + TOO_FAR, now + 86_400],
        "token_use": ["access"],
    }
    for name, values in wrong.items():
        for value in values:
            yield f"{name} {'missing' if value is None else repr(value)[:60]}", issuer.claims("victim", **{name: value})
    good = issuer.claims("victim")
    for what, payload in [
        ("null for exp", {**good, "exp": None}),
        ("null for sub", {**good, "sub": None}),
        ("null for iss", {**good, "iss": None}),
        ("null for aud", {**good, "aud": None}),
        ("no claims", {}),
        ("a list of claims", [good]),
        ("claims in a text", json.dumps(good)),
        ("not a number for exp", json.dumps({**good, "exp": float("nan")}).encode()),
        ("infinity for exp", json.dumps({**good, "exp": float("inf")}).encode()),
        ("too large a number for exp", json.dumps(good).encode().replace(str(good["exp"]).encode(), b"1e999")),
        ("claims, and more", json.dumps(good).encode() + b"{}"),
        ("claims, cut off", json.dumps(good).encode()[:-1]),
        ("not JSON", b"victim"),
        ("not UTF-8", json.dumps(good).encode().replace(b"victim", b"victim\xff")),
        ("nothing", b""),
        ("deep claims", json.dumps(good).encode()[:-1] + b',"deep":' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
    ]:
        yield f"payload: {what}", payload


def signatures(library, issuer, _):
    for alg in ("RS256", "ES256"):
        fields, key = issuer.signing(alg)
        token = issuer.token(library, "friend", alg)
        head, payload, signature = token.split(".")
        raw = base64.urlsafe_b64decode(signature + "==")
        changed = library.sign(fields, issuer.claims("victim"), key).split(".")[1]
        yield f"{alg}, changed payload", f"{head}.{changed}.{signature}"
        yield f"{alg}, changed header", f"{base64url(json.dumps({**fields, 'x': 1}).encode())}.{payload}.{signature}"
        for at in (0, len(raw) // 2, len(raw) - 1):
            flipped = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
            yield f"{alg}, bit of byte {at} changed", f"{head}.{payload}.{base64url(flipped)}"
        for what, bad in [
            ("short", raw[:-1]),
            ("long", raw + b"\0"),
            ("with a zero before", b"\0" + raw),
            ("doubled", raw + raw),
            ("backwards", raw[::-1]),
            ("of zeros", bytes(len(raw))),
            ("of ones", b"\xff" * len(raw)),
            ("of the number 1", (1).to_bytes(len(raw), "big")),
        ]:
            yield f"{alg}, signature {what}", f"{head}.{payload}.{base64url(bad)}"
        for cut in (1, 10, len(signature) // 2, len(signature) + 1, len(signature) + 10):
            yield f"{alg}, {cut} characters less", token[:-cut]
    head, payload, signature = issuer.token(library, "friend", "ES256").split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    # CVE-2022-21449, "psychic signatures": numbers that are 0 modulo the order.
    numbers = {"the own": (r, s), "zero": (0, 0), "r zero": (0, s), "s zero": (r, 0), "one": (1, 1)}
    numbers |= {"the order": (P256_ORDER, P256_ORDER), "r the order": (P256_ORDER, s), "s the order": (r, P256_ORDER)}
    for what, (r, s) in numbers.items():
        der = base64url(encode_dss_signature(r, s))
        yield f"ES256 in DER, {what}", f"{head}.{payload}.{der}"
        if what != "the own":
            plain = base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
            yield f"ES256, {what}", f"{head}.{payload}.{plain}"


def shapes(library, issuer, _):
    good = issuer.token(library, "victim")
    head, payload, signature = good.split(".")
    yield "empty", ""
    for space in (" ", "\n", "\r\n", "\t", "\0", "\u00a0", "\ufeff"):
        yield f"{space!r} before", space + good
        yield f"{space!r} after", good + space
        yield f"{space!r} between", f"{head}.{space}{payload}.{signature}"
    yield "with the scheme", f"Bearer {good}"
    yield "in quotes", f'"{good}"'
    for rubbish in (".", "..", "...", "....", "a.b.c", "💩", "\ud800", "null", "{}", "session_", "session_AAAA"):
        yield f"rubbish {rubbish!r}", rubbish
    for what, rubbish in [("letters", "A" * 100_000), ("dots", "." * 100_000), ("three parts", ".".join(["A" * 33_000] * 3))]:
        yield f"100 KB of {what}", rubbish
    yield "100 KB after the signature", good + "A" * 100_000
    yield "a fourth part", f"{good}.{signature}"
    yield "no header", f".{payload}.{signature}"
    yield "no payload", f"{head}..{signature}"
    yield "two parts", f"{payload}.{signature}"
    yield "the JSON form", json.dumps({"protected": head, "payload": payload, "signature": signature})
    several = {"payload": payload, "signatures": [{"protected": head, "signature": signature}]}
    yield "the JSON form with several signatures", json.dumps(several)
    for what, bad in [
        ("not JSON", b"header"),
        ("a list", b'[{"alg":"RS256"}]'),
        ("empty", b"{}"),
        ("without alg", b'{"kid":"rsa","typ":"JWT"}'),
        ("with null for alg", b'{"alg":null,"kid":"rsa"}'),
        ("with a list for alg", b'{"alg":["RS256"],"kid":"rsa"}'),
        ("with two algs", b'{"alg":"none","alg":"RS256","kid":"rsa"}'),
        ("deep", b'{"alg":' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
        ("not UTF-8", b'{"alg":"RS256","kid":"rsa\xff"}'),
    ]:
        yield f"header {what}", f"{base64url(bad)}.{payload}.{signature}"
    yield "a token in a token", issuer_signs(library, issuer, good.encode(), cty="JWT")
    yield "a token in a token, as JSON", issuer_signs(library, issuer, json.dumps(good).encode(), cty="JWT")


def encrypted(library, issuer, _):
    """Anybody can encrypt for a public key. PyJWT doesn't encrypt."""
    if library.name != "joserfc":
        return
    for alg in ("RSA-OAEP", "RSA-OAEP-256"):
        for what, inner in [("claims", json.dumps(issuer.claims("victim"))), ("a good token", issuer.token(library, "victim"))]:
            fields = {"alg": alg, "enc": "A256GCM", "kid": issuer.rsa_id, "cty": "JWT"}
            key = joserfc_key(issuer.rsa)
            registry = jwe.JWERegistry(algorithms=[alg, "A256GCM"])
            yield f"{what}, encrypted with {alg}", jwe.encrypt_compact(fields, inner, key, registry=registry)
