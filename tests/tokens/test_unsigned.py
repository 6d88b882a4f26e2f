"""Unsigned tokens, as the emulator of Firebase's authentication issues them."""

import time
import unittest

from address_book import REFUSED, address_book, of
from openid_issuer import AUDIENCE, KEYS, issuer
from signers import LIBRARIES, header

ISSUER, PROJECT, PHONE = "https://securetoken.google.com/demo", "demo", "+16505550101"


def tokens(**claims):
    """Unsigned tokens of both libraries."""
    now = int(time.time())
    fields = {
        "iss": ISSUER,
        "aud": PROJECT,
        "sub": "alice",
        "user_id": "alice",
        "iat": now,
        "auth_time": now,
        "exp": now + 3600,
        "phone_number": PHONE,
        "firebase": {"identities": {"phone": [PHONE]}, "sign_in_provider": "phone"},
        **claims,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    for library in LIBRARIES:
        token = library.sign(header("none", None), fields, None)
        assert token.endswith(".") and token.count(".") == 2, token
        yield library, token


class Unsigned(unittest.TestCase):
    """Servers that list the project `demo`, with and without `--unsigned`."""

    def started(self, *arguments):
        return self.enterContext(address_book("--issuer", ISSUER, "--audience", PROJECT, *arguments))

    def refused(self, server, token, project=PROJECT):
        answer = server.sign_in(token, project=project)
        self.assertEqual((answer.status, answer.json), (401, REFUSED))

    def test_one_signs_in_if_the_server_was_started_so(self):
        server = self.started("--unsigned")
        for library, token in tokens():
            with self.subTest(library.name):
                self.assertEqual(server.user(token, project=PROJECT)["phone"], PHONE[1:])

    def test_who_it_is_for_and_whose_it_is_are_checked_all_the_same(self):
        server = self.started("--unsigned")
        for claims in [
            {"iss": "https://securetoken.google.com/other"}, {"iss": ISSUER + "/"}, {"aud": "other"}, {"aud": None},
            {"sub": None}, {"sub": ""}, {"iat": 4102444800}, {"token_use": "access"},
        ]:
            for library, token in tokens(**claims):
                with self.subTest(claims, library=library.name):
                    self.refused(server, token)
        for library, token in tokens():
            with self.subTest("project", library=library.name):
                self.refused(server, token, project="other")

    def test_another_issuer_of_the_same_server_has_to_sign(self):
        other, demo = self.enterContext(issuer()), ["--issuer", ISSUER, "--audience", PROJECT, "--unsigned"]
        for arguments in ([*of(other), *demo], [*demo, *of(other)]):
            with self.subTest(arguments), address_book(*arguments) as server:
                for _, token in tokens(iss=other.url, aud=AUDIENCE):
                    self.refused(server, token, AUDIENCE)
                for library, token in tokens():
                    server.user(token, project=PROJECT)
                    server.user(other.token(library, "alice"))

    def test_none_signs_in_otherwise(self):
        server = self.started("--keys", self.enterContext(issuer()).url + KEYS)
        for library, token in tokens():
            with self.subTest(library.name):
                self.refused(server, token)


if __name__ == "__main__":
    unittest.main()
