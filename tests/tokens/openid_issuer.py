"""An OpenID issuer over HTTP: it publishes keys, counts the requests for them, and fails if it is told to."""

import collections
import contextlib
import http.server
import json
import threading
import time

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from signers import header, jwk

CONFIGURATION, KEYS = "/.well-known/openid-configuration", "/keys"
AUDIENCE = "project"
# What the issuer does with a request.
ANSWERS, FAILS, HANGS = "answers", "fails", "hangs"


def new_rsa(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class Issuer:
    """What the issuer at `url` publishes, and its private keys."""

    def __init__(self, url, max_age):
        self.url, self.max_age = url, max_age
        self.mode = ANSWERS
        self.requests = collections.Counter()
        self.configuration = {"issuer": url, "jwks_uri": url + KEYS}
        self.rotate("")

    def rotate(self, suffix):
        """Replaces both keys; `suffix` tells the names of the new ones from those of the old ones."""
        self.rsa, self.rsa_id = new_rsa(), f"rsa{suffix}"
        self.ec, self.ec_id = ec.generate_private_key(ec.SECP256R1()), f"ec{suffix}"
        self.keys = [
            jwk(self.rsa, kid=self.rsa_id, use="sig", alg="RS256"),
            jwk(self.ec, kid=self.ec_id, use="sig", alg="ES256"),
        ]

    def claims(self, subject, **claims):
        """The claims of a good token; `claims` replace its own, and None leaves one out."""
        now = int(time.time())
        fields = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "auth_time": now, "exp": now + 3600}
        return {name: value for name, value in {**fields, **claims}.items() if value is not None}

    def signing(self, algorithm):
        """The header and the key for an algorithm."""
        if algorithm == "RS256":
            return header("RS256", self.rsa_id), self.rsa
        return header("ES256", self.ec_id), self.ec

    def token(self, library, subject, algorithm="RS256", **claims):
        """A good token."""
        fields, key = self.signing(algorithm)
        return library.sign(fields, self.claims(subject, **claims), key)


@contextlib.contextmanager
def issuer(max_age=3600):
    """A running issuer."""
    ended = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            running.requests[self.path] += 1
            if running.mode == HANGS:
                ended.wait()
                return
            pages = {CONFIGURATION: running.configuration, KEYS: {"keys": running.keys}}
            page = pages.get(self.path)
            status = 500 if running.mode == FAILS else 404 if page is None else 200
            body = json.dumps(page).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if running.max_age is not None:
                self.send_header("Cache-Control", f"public, max-age={running.max_age}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Issuer(f"http://127.0.0.1:{server.server_address[1]}", max_age)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield running
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
