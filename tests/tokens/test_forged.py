"""Forged tokens don't sign in."""

import unittest

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from address_book import REFUSED, address_book, of
from forgeries import all_forgeries
from openid_issuer import AUDIENCE, issuer, new_rsa
from signers import LIBRARIES, header, jwk


class Forgeries(unittest.TestCase):
    """One server, the issuer that it lists, and an attacker's issuer, which it doesn't."""

    @classmethod
    def setUpClass(cls):
        cls.issuer = cls.enterClassContext(issuer())
        cls.attacker = cls.enterClassContext(issuer())
        cls.server = cls.enterClassContext(address_book(*of(cls.issuer)))

    def refused(self, token, **arguments):
        answer = self.server.sign_in(token, **arguments)
        self.assertEqual((answer.status, answer.json), (401, REFUSED))

    def test_all_are_refused_in_the_same_words(self):
        for library in LIBRARIES:
            count = 0
            for what, token in all_forgeries(library, self.issuer, self.attacker):
                count += 1
                with self.subTest(what, library=library.name):
                    self.refused(token)
            print(f"{count} forgeries of {library.name} ", end="", flush=True)
            # A server that refuses everything would be no news.
            self.server.user(self.issuer.token(library, "alice"))
        self.assertEqual(self.attacker.requests, {}, "the attacker's issuer was asked")
        self.assertLess(self.issuer.requests.total(), 5)

    def test_a_good_token_of_another_project_is_refused(self):
        for library in LIBRARIES:
            for project in ("other", "PROJECT", "project "):
                with self.subTest(project, library=library.name):
                    self.refused(self.issuer.token(library, "victim"), project=project)
            with self.subTest("of both projects", library=library.name):
                self.refused(self.issuer.token(library, "victim", aud=["other"]), project="other")

    def test_the_log_has_no_token_and_no_phone(self):
        good = self.issuer.token(LIBRARIES[0], "alice", phone_number="+16505550177", phone_number_verified=True)
        session = self.server.sign_in(good).json["session"]["token"]
        self.refused(good[:-10])
        log = self.server.log.read_text(errors="replace")
        for secret in (good[:20], good[-20:], session, "6505550177"):
            self.assertNotIn(secret, log)


class TwoIssuers(unittest.TestCase):
    """One server that lists two issuers, whose keys have the same names."""

    @classmethod
    def setUpClass(cls):
        cls.first = cls.enterClassContext(issuer())
        cls.second = cls.enterClassContext(issuer())
        cls.server = cls.enterClassContext(address_book(*of(cls.first), *of(cls.second, "other")))

    def test_each_signs_for_itself_alone(self):
        for library in LIBRARIES:
            for own, other, audience, other_audience in [
                (self.first, self.second, AUDIENCE, "other"),
                (self.second, self.first, "other", AUDIENCE),
            ]:
                # Both issuers' keys are known from here on.
                self.server.user(own.token(library, "alice", aud=audience), project=audience)
                self.server.user(other.token(library, "alice", aud=other_audience), project=other_audience)
                for algorithm, claims, project in [
                    ("RS256", {"iss": other.url, "aud": other_audience}, other_audience),
                    ("ES256", {"iss": other.url, "aud": other_audience}, other_audience),
                    ("RS256", {"aud": other_audience}, other_audience),
                    ("RS256", {"aud": other_audience}, audience),
                    ("RS256", {"aud": audience}, other_audience),
                    ("RS256", {"iss": [own.url, other.url], "aud": [audience, other_audience]}, other_audience),
                ]:
                    with self.subTest(library=library.name, algorithm=algorithm, claims=claims, project=project):
                        answer = self.server.sign_in(own.token(library, "alice", algorithm, **claims), project=project)
                        self.assertEqual((answer.status, answer.json), (401, REFUSED))

    def test_a_subject_of_one_is_not_the_same_subject_of_the_other(self):
        own = self.server.user(self.first.token(LIBRARIES[0], "bob"))
        other = self.server.user(self.second.token(LIBRARIES[0], "bob", aud="other"), project="other")
        self.assertNotEqual(own["id"], other["id"])
        # However the server tells them apart, an issuer can't name the other's user.
        for subject in (f"{self.second.url} bob", f"{self.second.url}#bob", f"{self.second.url}|bob", f"{self.second.url}/bob"):
            with self.subTest(subject):
                answer = self.server.sign_in(self.first.token(LIBRARIES[0], subject))
                self.assertNotEqual(answer.json.get("session", {}).get("user_id"), other["id"], answer)


class KeysOfEveryKind(unittest.TestCase):
    """An issuer that publishes keys with which nothing may be signed beside the good ones."""

    def test_only_rs256_and_es256_count(self):
        secret = b"s" * 64
        with issuer() as running:
            p384, p521, k1 = (ec.generate_private_key(curve()) for curve in (ec.SECP384R1, ec.SECP521R1, ec.SECP256K1))
            small = new_rsa(1024)
            edwards, encryption, plain = ed25519.Ed25519PrivateKey.generate(), new_rsa(), new_rsa()
            good = running.keys
            running.keys = [
                {"kty": "unknown", "kid": "unknown"},
                {"kid": "empty"},
                {"kty": "oct", "kid": "oct", "k": "c3Nzc3M", "alg": "HS256"},
                {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
                jwk(secret, kid="secret", alg="HS256", use="sig"),
                jwk(small, kid="small", alg="RS256", use="sig"),
                jwk(p384, kid="p384", use="sig"),
                jwk(p384, kid="p384-as-es256", alg="ES256", use="sig"),
                jwk(p521, kid="p521", use="sig"),
                jwk(k1, kid="k1", use="sig"),
                jwk(edwards, kid="edwards", use="sig"),
                jwk(encryption, kid="encryption", alg="RSA-OAEP", use="enc"),
                jwk(encryption, kid="encryption-without-alg", use="enc"),
                # Any algorithm of RSA, if it were the key that decides.
                jwk(plain, kid="plain"),
                jwk(plain, kid="plain-ps256", alg="PS256", use="sig"),
                *good,
            ]
            with address_book(*of(running)) as server:
                for library in LIBRARIES:
                    for algorithm in ("RS256", "ES256"):
                        server.user(running.token(library, "alice", algorithm))
                    server.user(library.sign(header("RS256", "plain"), running.claims("alice"), plain))
                    for algorithm, kid, key in [
                        ("HS256", "secret", secret),
                        ("HS512", "secret", secret),
                        ("HS256", "oct", b"sssss"),
                        ("RS256", "small", small),
                        ("ES384", "p384", p384),
                        ("ES384", "p384-as-es256", p384),
                        ("ES512", "p521", p521),
                        ("ES256K", "k1", k1),
                        ("EdDSA", "edwards", edwards),
                        ("RS256", "encryption", encryption),
                        ("RS256", "encryption-without-alg", encryption),
                        ("RS384", "plain", plain),
                        ("PS256", "plain", plain),
                        ("PS256", "plain-ps256", plain),
                        ("RS256", "plain-ps256", plain),
                        # There are several keys for RS256.
                        ("RS256", None, plain),
                        ("RS256", "unknown", plain),
                        ("RS256", "empty", plain),
                        ("RS256", "broken", plain),
                    ]:
                        with self.subTest(library=library.name, algorithm=algorithm, kid=kid):
                            answer = server.sign_in(library.sign(header(algorithm, kid), running.claims("victim"), key))
                            self.assertEqual((answer.status, answer.json), (401, REFUSED))


if __name__ == "__main__":
    unittest.main()
