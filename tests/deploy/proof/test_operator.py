"""The operator's commands on a deployed stack. They find it by its outputs, and call the emulator as AWS."""

import json
import subprocess
import unittest

import stack
from servers import ROOT, environment, wait_until
from surroundings import surrounded

ALICE, BOB = "+16505550123", "+14155550100"
PATIENCE_SECONDS = 60
DONE, FOUND = 0, 1


class TheToolbox(unittest.TestCase):
    """One stack, in which Bob has heard of Alice."""

    def setUp(self):
        surroundings = self.enterContext(surrounded())
        self.issuer, self.url, self.push_url = surroundings.issuer, surroundings.url, surroundings.push_url
        self.outputs = stack.deploy(self.url, surroundings.parameters)
        self.dynamodb = stack.client("dynamodb", self.url)
        self.api = stack.Api(self.url, self.outputs["ApiId"])
        self.bob = self.api.sign_in(self.issuer.token("bob", BOB))
        self.call("POST", "/address_book", {"contacts": [{"name": "Alice A.", "phone": ALICE}]})
        token = {"environment": "production", "client_identification_sequence": "a-token"}
        device = {"platform": "android", "udid": "pixel"}
        subscription = {"notification_channel": "gcm", "push_token": token, "device": device}
        self.call("POST", "/subscriptions", subscription, status=201)
        self.api.sign_in(self.issuer.token("alice", ALICE))
        wait_until(lambda: self.run_command(DONE, FOUND, "explain", BOB, ALICE)["was_told"], PATIENCE_SECONDS, "push")

    def call(self, method, path, body, status=200):
        answered, _, answer = self.api.call(method, path, self.bob, body)
        self.assertEqual(answered, status, answer)
        return answer

    def run_command(self, *expected_and_arguments):
        """What a command says, as JSON. It has to end with one of the exit codes that come first."""
        codes = [part for part in expected_and_arguments if isinstance(part, int)]
        arguments = [part for part in expected_and_arguments if not isinstance(part, int)]
        command = [ROOT / "target/debug/address-book", *arguments, "--stack", stack.NAME, "--json"]
        # The emulator passes pushes on to a service of their own.
        extra = {"AWS_ENDPOINT_URL": self.url, "AWS_ENDPOINT_URL_SNS": self.push_url}
        done = subprocess.run(command, env=environment(**extra), capture_output=True, text=True)
        self.assertIn(done.returncode, codes, (arguments, done.stdout, done.stderr))
        return json.loads(done.stdout)

    def kinds(self, report):
        return [finding["kind"] for finding in report["findings"]]

    def test_what_is_broken_is_found_and_repaired(self):
        report = self.run_command(DONE, "check")
        self.assertEqual((report["users"], report["books"], report["contacts"], report["hints"]), (2, 1, 1, 1))
        self.assertEqual(report["findings"], [])
        table = self.outputs["ContactOwnersTableName"]
        [hint] = self.dynamodb.scan(TableName=table)["Items"]
        self.dynamodb.delete_item(TableName=table, Key={name: hint[name] for name in ("phone", "owner")})
        self.assertEqual(self.kinds(self.run_command(FOUND, "check")), ["missing_hint"])
        explained = self.run_command(DONE, "explain", BOB, ALICE)
        self.assertEqual(explained["first_break"]["link"], "hint")
        self.assertEqual(self.kinds(self.run_command(DONE, "check", "--repair")), ["missing_hint"])
        self.assertEqual(self.run_command(DONE, "check")["findings"], [])
        self.assertIsNone(self.run_command(DONE, "explain", BOB, ALICE)["first_break"])
        found = self.run_command(DONE, "find", "--phone", ALICE)
        self.assertEqual(found["books_with_number"], 1)
        self.assertNotIn(ALICE, json.dumps(found))


if __name__ == "__main__":
    unittest.main()
