"""A function whose environment makes no sense ends at once, and its log says which variable it is."""

import subprocess
import unittest

from servers import ROOT, environment
from test_samples import TEMPLATE

QUEUES = {
    "JOINS_QUEUE_URL": "http://127.0.0.1:1/joins",
    "FAN_OUT_QUEUE_URL": "http://127.0.0.1:1/fan-out",
    "PUSHES_QUEUE_URL": "http://127.0.0.1:1/pushes",
    "FAILED_RECORDS_QUEUE_URL": "http://127.0.0.1:1/failed-records",
}
# Where the Runtime API isn't: what gets as far as asking for an event ends there.
NOWHERE = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1", "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "1"}
MEMORY = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_LOG_STREAM_NAME": "s", "AWS_LAMBDA_LOG_GROUP_NAME": "g"}
TABLES = [name for name in TEMPLATE if name.endswith("_TABLE")]
BOOKS = ["Upload", "Get", "RegisteredUsers", "Users", "Session", "CognitoSignUp", "Subscriptions", "JoinPush", "Push"]
# Function, variable, and a value that it can't have; none is unset.
BROKEN = [
    *[(function, table, None) for function in BOOKS for table in TABLES],
    *[(function, "KEYS_SECRET_ARN", None) for function in [*BOOKS, "Joins"]],
    *[(function, "BOOK_TTL_DAYS", "a year") for function in BOOKS],
    *[(function, "DEVICE_BOOK_TTL_DAYS", "a year") for function in BOOKS],
    ("Upload", "NEW_NUMBERS_BUDGET", "many"),
    ("Upload", "BOOKS_PER_USER", "-1"),
    *[(function, "HOME_REGION", value) for function in ("Upload", "Users", "Session") for value in (None, "", "usa")],
    ("Users", "TRUST_BODY_PHONE", "perhaps"),
    ("Session", "TRUST_BODY_PHONE", "perhaps"),
    *[("Session", "ISSUERS", value) for value in ("https://issuer.example.com", "http://issuer.example.com app", "app")],
    ("Session", "IDENTITY_SERVER_URL", "http://id.example.com"),
    *[("Session", "SESSION_HOURS", value) for value in ("a day", "0")],
    ("Joins", "JOINS_QUEUE_URL", None),
    ("Joins", "FAILED_RECORDS_QUEUE_URL", None),
    ("JoinPush", "FAN_OUT_QUEUE_URL", None),
    ("JoinPush", "PUSH_ON_JOIN", "perhaps"),
    ("JoinPush", "PUSHES_QUEUE_URL", None),
    ("Push", "PUSH_ON_JOIN", "perhaps"),
    ("Push", "PUSH_TEMPLATE", "%s and %s"),
    ("Push", "FCM_NOTIFICATION", "perhaps"),
    ("Subscriptions", "FCM_APPLICATION_ARN", "arn:aws:sns:us-east-1:123456789012:app/APNS/example"),
    ("Subscriptions", "APNS_VOIP_APPLICATION_ARN", "example"),
    ("Subscriptions", "SUBSCRIPTION_RENEWAL_DAYS", "a week"),
]


def ending(function, variables):
    """How a function ends, and what it says."""
    bootstrap = ROOT / f".aws-sam/build/{function}Function/bootstrap"
    done = subprocess.run([bootstrap], env=environment(**NOWHERE, **MEMORY, **variables), capture_output=True, timeout=30)
    return done.returncode, (done.stdout + done.stderr).decode()


class Init(unittest.TestCase):
    """Every function, with each of its variables broken."""

    def test_a_broken_variable_is_named(self):
        for function, variable, value in BROKEN:
            variables = {**TEMPLATE, **QUEUES, variable: value}
            with self.subTest(function=function, variable=variable, value=value):
                code, log = ending(function, {name: value for name, value in variables.items() if value is not None})
                self.assertNotEqual(code, 0)
                self.assertIn(variable, log)
                self.assertNotIn("panicked", log)

    def test_whole_environments_pass(self):
        for function in [*BOOKS, "Joins"]:
            with self.subTest(function):
                _, log = ending(function, {**TEMPLATE, **QUEUES})
                for variable in [*TEMPLATE, *QUEUES]:
                    self.assertNotIn(variable, log)


if __name__ == "__main__":
    unittest.main()
