"""How often an issuer is asked for its keys, and what happens if it doesn't answer."""

import concurrent.futures
import os
import time
import unittest

from address_book import REFUSED, address_book, of
from openid_issuer import CONFIGURATION, FAILS, HANGS, KEYS, issuer, new_rsa
from servers import free_port
from signers import LIBRARIES, header

PYJWT, JOSERFC = LIBRARIES
# An answer without keys takes less: a request may take 25 s, and apps wait for it.
SECONDS = 12


def keys_of_nobody(running, count):
    """Tokens with names of keys that nobody has published."""
    key = new_rsa()
    return [PYJWT.sign(header("RS256", f"nobody-{index}"), running.claims("victim"), key) for index in range(count)]


class Keys(unittest.TestCase):
    """A server and an issuer for each test."""

    def started(self, *arguments, max_age=3600):
        running = self.enterContext(issuer(max_age))
        return running, self.enterContext(address_book(*(arguments or of(running))))

    def refused(self, answer):
        self.assertEqual((answer.status, answer.json), (401, REFUSED))

    def later(self, answer):
        self.assertEqual(answer.status, 503, answer)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        self.assertIn("errors", answer.json)

    def test_keys_are_asked_for_once_while_they_are_fresh(self):
        running, server = self.started()
        for _ in range(20):
            server.user(running.token(PYJWT, "alice"))
        self.assertEqual(running.requests, {CONFIGURATION: 1, KEYS: 1})

    def test_an_unknown_key_is_asked_for_at_once_and_then_not_for_a_minute(self):
        running, server = self.started()
        server.user(running.token(PYJWT, "alice"))
        old = running.token(JOSERFC, "alice")
        running.rotate("-2")
        server.user(running.token(PYJWT, "alice"))
        self.assertEqual(running.requests[KEYS], 2)
        self.refused(server.sign_in(old))
        for token in keys_of_nobody(running, 10):
            self.refused(server.sign_in(token))
        self.assertEqual(running.requests[KEYS], 2)
        server.user(running.token(JOSERFC, "alice"))

    def test_fifty_unknown_keys_cost_one_request(self):
        running, server = self.started()
        server.user(running.token(PYJWT, "alice"))
        with concurrent.futures.ThreadPoolExecutor(10) as threads:
            for answer in threads.map(server.sign_in, keys_of_nobody(running, 50)):
                self.refused(answer)
        self.assertLessEqual(running.requests[KEYS], 2)
        self.assertLessEqual(running.requests[CONFIGURATION], 2)

    def test_a_token_that_can_not_be_good_costs_no_request(self):
        running, server = self.started()
        for token in [
            PYJWT.sign(header("none"), running.claims("victim"), None),
            PYJWT.sign(header("HS256"), running.claims("victim"), b"secret"),
            running.token(PYJWT, "victim", iss="https://issuer.example"),
            "rubbish",
        ]:
            self.refused(server.sign_in(token))
        self.assertEqual(running.requests, {})

    def test_known_keys_are_good_while_the_issuer_is_out_of_reach(self):
        for mode in (FAILS, HANGS):
            with self.subTest(mode):
                running, server = self.started()
                server.user(running.token(PYJWT, "alice"))
                running.mode = mode
                began = time.monotonic()
                # The first one makes the server ask, in vain.
                for token in keys_of_nobody(running, 5):
                    self.assertIn(server.sign_in(token).status, (401, 503))
                for library in LIBRARIES:
                    server.user(running.token(library, "alice"))
                self.refused(server.sign_in(running.token(PYJWT, "alice")[:-10]))
                self.assertLess(time.monotonic() - began, SECONDS)
                self.assertLessEqual(running.requests.total(), 4)

    def test_without_any_keys_the_answer_is_later(self):
        for mode in (FAILS, HANGS):
            with self.subTest(mode):
                running, server = self.started()
                running.mode = mode
                began = time.monotonic()
                self.later(server.sign_in(running.token(PYJWT, "alice")))
                self.assertLess(time.monotonic() - began, SECONDS)

    def test_an_issuer_that_is_not_there_is_later_as_well(self):
        running = self.enterContext(issuer())
        running.url = f"http://127.0.0.1:{free_port()}"
        server = self.enterContext(address_book(*of(running)))
        self.later(server.sign_in(running.token(PYJWT, "alice")))

    def test_an_issuer_that_says_it_is_another_one_is_not_believed(self):
        running, server = self.started()
        running.configuration["issuer"] = "https://issuer.example"
        self.assertIn(server.sign_in(running.token(PYJWT, "alice")).status, (401, 503))
        self.assertEqual(running.requests[KEYS], 0)

    def test_the_address_of_the_keys_can_be_given(self):
        running = self.enterContext(issuer())
        keys = self.enterContext(issuer())
        keys.keys = running.keys
        server = self.enterContext(address_book(*of(running), "--keys", keys.url + KEYS))
        server.user(running.token(PYJWT, "alice"))
        self.assertEqual((running.requests, keys.requests), ({}, {KEYS: 1}))


@unittest.skipUnless("EXHAUSTIVE" in os.environ, "it takes a minute, and runs if EXHAUSTIVE is set")
class AMinuteLater(unittest.TestCase):
    """Servers that got their keys a minute ago: the least time for which keys are fresh."""

    @classmethod
    def setUpClass(cls):
        cls.started = {}
        for name, max_age in [("fresh", 3600), ("rotated", 3600), ("old", 1), (FAILS, 1), (HANGS, 1)]:
            running = cls.enterClassContext(issuer(max_age))
            server = cls.enterClassContext(address_book(*of(running)))
            server.user(running.token(PYJWT, "alice"))
            assert server.sign_in(*keys_of_nobody(running, 1)).status == 401
            cls.started[name] = running, server
        time.sleep(61)
        for running, _ in cls.started.values():
            running.requests.clear()

    def test_keys_with_a_longer_time_are_not_asked_for(self):
        running, server = self.started["fresh"]
        server.user(running.token(PYJWT, "alice"))
        self.assertEqual(running.requests, {})

    def test_another_unknown_key_is_asked_for(self):
        running, server = self.started["rotated"]
        running.rotate("-2")
        server.user(running.token(PYJWT, "alice"))
        self.assertEqual(running.requests[KEYS], 1)

    def test_old_keys_are_asked_for_and_forgotten(self):
        running, server = self.started["old"]
        withdrawn = running.token(JOSERFC, "alice")
        running.keys = running.keys[1:]
        self.assertEqual(server.sign_in(withdrawn).status, 401)
        server.user(running.token(PYJWT, "alice", "ES256"))
        # Once because they are old, and once because a token names one that isn't there.
        self.assertLessEqual(running.requests[KEYS], 2)

    def test_old_keys_are_good_while_the_issuer_is_out_of_reach(self):
        for mode in (FAILS, HANGS):
            with self.subTest(mode):
                running, server = self.started[mode]
                running.mode = mode
                began = time.monotonic()
                for library in LIBRARIES:
                    server.user(running.token(library, "alice"))
                self.assertLess(time.monotonic() - began, SECONDS)
                # It isn't asked each time.
                self.assertEqual(running.requests.total(), 1)


if __name__ == "__main__":
    unittest.main()
