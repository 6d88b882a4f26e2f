"""The sample events, through the built bootstraps under the emulator that `sam local invoke` runs them in.

The order tells the story of tests/suite/events.rs, which compares the answers whole.
"""

import contextlib
import json
import tempfile
import unittest
import urllib.request
from pathlib import Path

import stack
from queues_and_pushes import queues_and_pushes, variables
from servers import ROOT, TOOLS, free_port, local_server, process, wait_until

EMULATOR = next(TOOLS.glob("build/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"))
# What the template sets besides, as `sam local invoke` reads it; the local server's tables have these names too.
TEMPLATE = {
    "ADDRESS_BOOKS_TABLE": "AddressBooks",
    "CONTACT_OWNERS_TABLE": "ContactOwners",
    "USERS_TABLE": "Users",
    "SUBSCRIPTIONS_TABLE": "Subscriptions",
    "CLAIMS_TABLE": "Claims",
    "BUDGETS_TABLE": "Budgets",
    "SESSIONS_TABLE": "Sessions",
    # The samples are as they are without keys; tests/suite and the deployment have them sealed.
    "KEYS_SECRET_ARN": "",
    "BOOK_TTL_DAYS": "0",
    "HOME_REGION": "US",
    "TRUST_BODY_PHONE": "false",
    "ISSUERS": "https://securetoken.google.com/example example",
    "SESSION_HOURS": "24",
    "PUSH_ON_JOIN": "true",
    "PUSH_TEMPLATE": "%s is here now",
    # Asks for more than any package can tell.
    "AWS_LAMBDA_LOG_LEVEL": "TRACE",
}
DONE = {"batchItemFailures": []}
# Function, sample, and the status or the whole answer.
STORY = [
    ("Upload", "upload-malformed-json", 400),
    ("Upload", "upload-no-caller", 401),
    ("Upload", "upload-create-three-contacts", 200),
    ("Upload", "upload-edit", 200),
    ("Upload", "upload-destroy", 200),
    ("Upload", "upload-force", 200),
    ("Upload", "upload-udid", 200),
    ("Get", "get-global", 200),
    ("Get", "get-udid", 200),
    ("Get", "get-quickblox-query", 200),
    ("Subscriptions", "subscriptions-create", 201),
    ("Subscriptions", "subscriptions-list", 200),
    ("Subscriptions", "subscriptions-delete", 404),
    ("Users", "users-sign-up", 201),
    ("RegisteredUsers", "registered-users-profile", 200),
    ("Users", "users-export", 200),
    ("Users", "users-update", 200),
    ("Joins", "joins-profile-change", DONE),
    ("Joins", "joins-registers", DONE),
    ("JoinPush", "join-push-registers", DONE),
    ("Push", "push-registers", DONE),
    ("RegisteredUsers", "registered-users-compact", 200),
    ("RegisteredUsers", "registered-users-full", 200),
    ("RegisteredUsers", "registered-users-search", 200),
    # Without keys there are no sessions, and the token isn't signed.
    ("Session", "session-create", 422),
    ("Session", "session-unsigned-token", 401),
    ("Upload", "wipe-udid", 200),
    ("Users", "users-delete", 200),
    ("Joins", "joins-leaves", DONE),
    ("Joins", "joins-recycled", DONE),
    ("CognitoSignUp", "cognito-sign-up-confirmed", None),
    ("Users", "users-direct-register", None),
    ("Users", "users-direct-update", None),
    ("Users", "users-direct-remove", {}),
]


def sample(name):
    return json.loads((ROOT / f"events/{name}.json").read_text())


class TheSamples(unittest.TestCase):
    """Each function runs once, and gets its samples in turn."""

    def setUp(self):
        running = self.enterContext(contextlib.ExitStack())
        self.running = running
        self.folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        self.moto = running.enter_context(queues_and_pushes(self.folder))
        self.local, dynamodb_port = running.enter_context(local_server(self.folder))
        moto_port = self.moto.rsplit(":", 1)[-1]
        self.variables = {**TEMPLATE, **variables(dynamodb_port, moto_port)}
        self.functions = {}

    def start(self, function):
        """Where the function takes its events."""
        at = f"127.0.0.1:{free_port()}"
        bootstrap = ROOT / f".aws-sam/build/{function}Function/bootstrap"
        command = [EMULATOR, "--log-level", "error", "--runtime-interface-emulator-address", at]
        command += ["--runtime-api-address", f"127.0.0.1:{free_port()}", bootstrap]
        self.running.enter_context(process(command, self.folder / f"{function}.log", **self.variables))
        return f"http://{at}/2015-03-31/functions/function/invocations"

    def invoke(self, function, event):
        if function not in self.functions:
            self.functions[function] = self.start(function)
        request = urllib.request.Request(self.functions[function], json.dumps(event).encode())

        def answered():
            # Its port opens some time after its process has begun.
            with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(request, timeout=60) as answer:
                return [json.load(answer)]

        [answer] = wait_until(answered, 20, function)
        self.assertNotIn("errorType", answer)
        return answer

    def test_every_sample_is_answered(self):
        for function, name, expected in STORY:
            answer = self.invoke(function, sample(name))
            if isinstance(expected, int):
                self.assertEqual(answer["statusCode"], expected, f"{name}: {answer}")
            elif expected is not None:
                self.assertEqual(answer, expected, name)
            else:
                self.assertNotIn("errors", answer, name)
        told = {name for _, name, _ in STORY}
        self.assertEqual(told, {path.stem for path in (ROOT / "events").glob("*.json")})
        self.joins_were_sent()
        self.one_push_was_sent()
        self.nothing_private_was_logged()
        print(f"{len(told)} samples through {len(self.functions)} functions: ok", flush=True)

    def joins_were_sent(self):
        sqs, url = stack.client("sqs", self.moto), self.variables["JOINS_QUEUE_URL"]
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        self.assertEqual(len(messages), 3)
        [registers] = sample("join-push-registers")["Records"]
        self.assertIn(json.loads(registers["body"]), [json.loads(message["Body"]) for message in messages])

    def one_push_was_sent(self):
        """The local server tells of joins by itself, to its own inbox: whoever was first, the device hears once."""
        with urllib.request.urlopen(f"{self.local}/_local/pushes") as answer:
            texts = [push["text"] for push in json.load(answer)]
        with urllib.request.urlopen(f"{self.moto}/moto-api/data.json") as answer:
            [endpoint] = json.load(answer)["sns"]["PlatformEndpoint"]
        for message in endpoint["messages"].values():
            texts.append(json.loads(json.loads(message)["APNS_SANDBOX"])["aps"]["alert"]["body"])
        [text] = texts
        self.assertRegex(text, r"^Alice( at work)? is here")

    def nothing_private_was_logged(self):
        logs = {function: (self.folder / f"{function}.log").read_text() for function in self.functions}
        [told] = [line for line in logs["JoinPush"].splitlines() if '"told of changes"' in line]
        [sent] = [line for line in logs["Push"].splitlines() if '"sent pushes"' in line]
        for line in (told, sent):
            # By these two Lambda files a line.
            line = json.loads(line)
            self.assertEqual(line["level"], "INFO")
            self.assertRegex(line["timestamp"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$")
        for function, log in logs.items():
            for private in ("DEBUG", "TRACE", "5550123", "Alice", "Gordie", "0123456789abcdef"):
                self.assertNotIn(private, log, function)


if __name__ == "__main__":
    unittest.main()
