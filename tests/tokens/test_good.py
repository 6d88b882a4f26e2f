"""Good tokens sign in, and say who somebody is."""

import itertools
import time
import unittest

from address_book import NO_SESSION, REFUSED, address_book, of
from openid_issuer import AUDIENCE, issuer
from signers import LIBRARIES

ALGORITHMS = ["RS256", "ES256"]
# Tokens of which both the library and the algorithm may be any.
PYJWT, JOSERFC = LIBRARIES


class GoodTokens(unittest.TestCase):
    """One server, and one issuer of RS256 and ES256 tokens."""

    @classmethod
    def setUpClass(cls):
        cls.issuer = cls.enterClassContext(issuer())
        cls.server = cls.enterClassContext(address_book(*of(cls.issuer)))

    def test_tokens_of_both_libraries_and_algorithms_are_the_same_user(self):
        ids = set()
        for library, algorithm, audience in itertools.product(LIBRARIES, ALGORITHMS, [AUDIENCE, [AUDIENCE]]):
            with self.subTest(library=library.name, algorithm=algorithm, audience=audience):
                ids.add(self.server.user(self.issuer.token(library, "alice", algorithm, aud=audience))["id"])
        self.assertEqual(len(ids), 1)

    def test_each_subject_is_another_user(self):
        subjects = ["carol", "Carol", "carol2", "c", "čarol", "carol:+16505550199", "x" * 256, "12"]
        ids = [self.server.user(self.issuer.token(PYJWT, subject))["id"] for subject in subjects]
        self.assertEqual(len(set(ids)), len(subjects))

    def test_clocks_may_differ_by_a_minute(self):
        now = int(time.time())
        for claims in [{"exp": now - 45}, {"nbf": now + 45}, {"iat": now + 45}, {"nbf": now - 45}, {"auth_time": now + 45}]:
            with self.subTest(claims):
                self.server.user(self.issuer.token(JOSERFC, "dave", **claims))

    def test_claims_and_headers_that_mean_nothing_here_are_let_by(self):
        fields, key = self.issuer.signing("RS256")
        claims = self.issuer.claims("erin", token_use="id", azp="project", nonce="n", jti="j", at_hash="a", auth_time=None)
        for more in ({}, {"typ": None}, {"typ": "jwt"}, {"cty": "JSON"}, {"x5t": "AAAA"}):
            with self.subTest(more):
                header = {name: value for name, value in {**fields, **more}.items() if value is not None}
                self.server.user(JOSERFC.sign(header, claims, key))

    def test_a_phone_is_the_users_if_it_is_verified(self):
        for subject, claims, phone in [
            ("frank", {"phone_number": "+16505550101", "phone_number_verified": True}, "16505550101"),
            ("grace", {"phone_number": "+16505550102", "phone_number_verified": "true"}, "16505550102"),
            ("heidi", {"phone_number": "+16505550103", "phone_number_verified": False}, None),
            ("ivan", {"phone_number": "+16505550104", "phone_number_verified": "false"}, None),
            ("judy", {}, None),
            ("karl:+16505550105", {}, None),
        ]:
            for library in LIBRARIES:
                with self.subTest(subject, library=library.name):
                    self.assertEqual(self.server.user(self.issuer.token(library, subject, **claims))["phone"], phone)

    def test_however_an_sdk_sends_the_token_it_is_checked(self):
        good = self.issuer.token(PYJWT, "leo")
        wrong = good[:-10]
        expected = self.server.user(good)["id"]
        for body in [
            lambda token: {"provider": "firebase_email", "firebase_email": {"project_id": AUDIENCE, "access_token": token}},
            lambda token: {
                "provider": "firebase_phone",
                "firebase_phone[project_id]": AUDIENCE,
                "firebase_phone[access_token]": token,
            },
            lambda token: {"provider": "firebase_phone", "keys": {"token": token}},
            lambda token: {"provider": "firebase_phone", "keys[token]": token},
            lambda token: {"user": {"login": token, "password": "any"}},
        ]:
            with self.subTest(body(".")):
                answer = self.server.call("POST", "/session", body={"application_id": 1, **body(good)})
                self.assertEqual((answer.status, answer.json["session"]["user_id"]), (201, expected), answer)
                answer = self.server.call("POST", "/session", body={"application_id": 1, **body(wrong)})
                self.assertEqual((answer.status, answer.json), (401, REFUSED))

    def test_a_session_has_an_end(self):
        session = self.server.sign_in(self.issuer.token(PYJWT, "mia")).json["session"]["token"]
        empty = {"contacts": [], "force": 1}
        self.assertEqual(self.server.call("POST", "/address_book", session, empty).status, 200)
        self.assertEqual(self.server.call("DELETE", "/session", session).status, 200)
        for method, path, body in [("GET", "/session", None), ("POST", "/address_book", empty)]:
            with self.subTest(method, path=path):
                answer = self.server.call(method, path, session, body)
                self.assertEqual((answer.status, answer.json), (401, NO_SESSION))


class SessionSeconds(unittest.TestCase):
    """A server whose sessions are short."""

    def test_a_session_ends_by_itself(self):
        with issuer() as running, address_book(*of(running), "--session-seconds", "2") as server:
            session = server.sign_in(running.token(PYJWT, "alice")).json["session"]["token"]
            answer = server.call("GET", "/address_book", session)
            self.assertEqual(answer.status, 200)
            ends = time.strptime(answer.headers["CB-Token-ExpirationDate"], "%Y-%m-%d %H:%M:%S UTC")
            self.assertLess(time.mktime(ends) - time.mktime(time.gmtime()), 3)
            time.sleep(2.5)
            answer = server.call("GET", "/address_book", session)
            self.assertEqual((answer.status, answer.json), (401, NO_SESSION))


class PublicIds(unittest.TestCase):
    """A server that takes a user's public id from the token."""

    @classmethod
    def setUpClass(cls):
        cls.issuer = cls.enterClassContext(issuer())
        cls.server = cls.enterClassContext(address_book(*of(cls.issuer), "--public-id-claim", "chat_id"))

    def sign_in(self, subject, chat_id, library=PYJWT):
        return self.server.sign_in(self.issuer.token(library, subject, chat_id=chat_id))

    def test_a_user_has_the_id_of_their_token(self):
        for library, (subject, chat_id) in zip(LIBRARIES, [("alice", 4711), ("bob", 2**31 - 1)]):
            for _ in range(2):
                answer = self.sign_in(subject, chat_id, library)
                self.assertEqual((answer.status, answer.json["session"]["user"]["id"]), (201, chat_id))

    def test_an_id_belongs_to_one_subject(self):
        self.assertEqual(self.sign_in("carol", 815).status, 201)
        answer = self.sign_in("mallory", 815)
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("errors", answer.json)
        # And it still is the first one's.
        self.assertEqual(self.sign_in("carol", 815).json["session"]["user_id"], 815)

    def test_what_is_not_an_id_does_not_sign_in(self):
        for wrong in (0, -1, 2**31, 2**32 + 7, 1.5, "", "x", "-1", [7], {"id": 7}, True):
            with self.subTest(repr(wrong)):
                answer = self.sign_in("mallory", wrong)
                self.assertIn(answer.status, (401, 422), answer)
                self.assertIn("errors", answer.json)


if __name__ == "__main__":
    unittest.main()
