"""The operator's commands on a deployed stack. They find it by its outputs, and call the emulator as AWS."""

import json
import os
import pty
import re
import select
import subprocess
import unittest
import unittest.mock
import urllib.request

import stack
from recorder import recorder
from servers import ROOT, environment, wait_until
from surroundings import surrounded

ALICE, BOB, CAROL, DAVE, ERIN, NOBODY = [f"+1650555012{n}" for n in range(6)]
PATIENCE_SECONDS = 60
DONE, FOUND = 0, 1
NOTHING = {"created": 0, "changed": 0, "unchanged": 0, "kept": 0}
UNITS = re.compile(r"DynamoDB units: \d+ read, \d+ written\.\n$")
GONE = {"0": ["This phone can't be stored."]}

# The rights that docs/OPERATIONS.md and docs/PEOPLE.md name. The emulator refuses nobody.
LOOK = {"cloudformation:DescribeStacks", "secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:Query"}
WRITE = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
CHANGE = WRITE | {"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem"}
CHANGE |= {"dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"}
RIGHTS = {
    "find": LOOK,
    "explain": LOOK | {"sns:GetEndpointAttributes"},
    "forget": LOOK | WRITE | {"dynamodb:PartiQLDelete"},
    "check": LOOK | {"dynamodb:Scan", "dynamodb:BatchGetItem"},
    "check --repair": LOOK | {"dynamodb:Scan"} | CHANGE,
    "export": LOOK | {"dynamodb:Scan"},
    "export --only": LOOK,
    "import": LOOK | CHANGE,
    "import --dry-run": LOOK | {"dynamodb:BatchGetItem"},
}


def seen(person, text):
    """What a person sees at a terminal, up to this text if it comes."""
    shown = ""
    while text not in shown and select.select([person], [], [], PATIENCE_SECONDS)[0]:
        shown += os.read(person, 1000).decode()
    return shown


class TheToolbox(unittest.TestCase):
    """One stack for all tests, in which Bob has heard of Alice. Each test is about a person of its own."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        surroundings = cls.enterClassContext(surrounded())
        cls.folder, cls.issuer = surroundings.folder, surroundings.issuer
        cls.url, cls.push_url = surroundings.url, surroundings.push_url
        cls.asked = set()
        # The emulator passes pushes on to a service of their own.
        urls = {"AWS_ENDPOINT_URL": cls.url, "AWS_ENDPOINT_URL_SNS": cls.push_url}
        urls = {name: cls.enterClassContext(recorder(url, cls.asked)) for name, url in urls.items()}
        cls.environment = environment(**urls)
        cls.outputs = stack.deploy(cls.url, surroundings.parameters)
        cls.dynamodb = stack.client("dynamodb", cls.url)
        cls.api = stack.Api(cls.url, cls.outputs["ApiId"])

    def setUp(self):
        self.bob = self.api.sign_in(self.issuer.token("bob", BOB))
        self.upload("Alice A.", ALICE)
        token = {"environment": "production", "client_identification_sequence": "a-token"}
        device = {"platform": "android", "udid": "pixel"}
        subscription = {"notification_channel": "gcm", "push_token": token, "device": device}
        self.call("POST", "/subscriptions", subscription, status=201)
        self.alice = self.joins("alice", ALICE)

    def joins(self, name, phone):
        """Signs somebody up whom Bob knows, and waits until he has heard of it. Their id."""
        session = self.api.sign_in(self.issuer.token(name, phone))
        wait_until(lambda: self.tells("explain", BOB, phone, code=None)["was_told"], PATIENCE_SECONDS, "push")
        _, _, answer = self.api.call("GET", "/session", session)
        return answer["session"]["user_id"]

    def call(self, method, path, body=None, status=200):
        answered, _, answer = self.api.call(method, path, self.bob, body)
        self.assertEqual(answered, status, answer)
        return answer

    def upload(self, name, phone):
        return self.call("POST", "/address_book", {"contacts": [{"name": name, "phone": phone}]})

    def contacts(self):
        return {contact["phone"] for contact in self.call("GET", "/address_book")}

    def matches(self):
        registered = self.call("GET", "/address_book/registered_users?compact=1")
        return {item["user"]["id"] for item in registered["items"]}

    def pushes(self):
        """What Bob's device was told."""
        with urllib.request.urlopen(f"{self.push_url}/moto-api/data.json") as answer:
            [endpoint] = json.load(answer)["sns"]["PlatformEndpoint"]
        sent = [json.loads(json.loads(message)["GCM"]) for message in endpoint["messages"].values()]
        return [push["fcmV1Message"]["message"]["data"]["message"] for push in sent]

    def line(self, arguments):
        return [str(part) for part in [ROOT / "target/debug/address-book", *arguments, "--stack", stack.NAME]]

    def runs(self, *arguments, code=DONE):
        """Runs a command with nobody at the terminal: what it writes to its two outputs. Any code may be expected."""
        self.asked.clear()
        done = subprocess.run(
            self.line(arguments), env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        expected = (DONE, FOUND) if code is None else (code,)
        self.assertIn(done.returncode, expected, (arguments, done.stdout, done.stderr))
        self.assert_allowed(arguments)
        return done.stdout, done.stderr

    def assert_allowed(self, arguments):
        """The last command took no rights but those that it is said to take."""
        command = next(of for of in sorted(RIGHTS, reverse=True) if set(of.split()) <= set(arguments))
        self.assertLessEqual(self.asked, RIGHTS[command], arguments)

    def tells(self, *arguments, code=DONE):
        """What a command tells as JSON, without the units. They are in `self.units` then."""
        return self.told(self.runs(*arguments, "--json", code=code)[0])

    def told(self, output):
        told = json.loads(output)
        self.units = told.pop("units")
        return told

    def asks(self, answer, *arguments):
        """What a command tells a person at a terminal who answers its question so, without the units."""
        self.asked.clear()
        person, terminal = pty.openpty()
        try:
            asked = subprocess.Popen(
                self.line(arguments), env=self.environment, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, text=True
            )
            os.write(person, f"{answer}\n".encode())
            told, _ = asked.communicate(timeout=PATIENCE_SECONDS)
            self.assertIn("[y/N]", seen(person, "[y/N]"))
        finally:
            os.close(person)
            os.close(terminal)
        self.assert_allowed(arguments)
        self.assertRegex(told, UNITS)
        return asked.returncode, UNITS.sub("", told)

    def file(self, *lines):
        path = self.folder / "people.jsonl"
        path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
        return path

    def items(self, output):
        return self.dynamodb.scan(TableName=self.outputs[output])["Items"]

    def test_what_is_broken_is_found_and_repaired(self):
        whole = self.tells("check")
        self.assertEqual(whole["findings"], [])
        hints = self.items("ContactOwnersTableName")
        self.assertEqual((whole["hints"], whole["contacts"]), (len(hints), len(hints)))
        for hint in hints:
            key = {name: hint[name] for name in ("phone", "owner")}
            self.dynamodb.delete_item(TableName=self.outputs["ContactOwnersTableName"], Key=key)
        broken = self.tells("check", code=FOUND)
        self.assertEqual({finding["kind"] for finding in broken["findings"]}, {"missing_hint"})
        self.assertEqual(sum(finding["count"] for finding in broken["findings"]), len(hints))
        self.assertEqual(self.tells("explain", BOB, ALICE)["first_break"]["link"], "hint")
        repaired = self.tells("check", "--repair")["findings"]
        self.assertEqual(repaired, [finding | {"is_repaired": True} for finding in broken["findings"]])
        again = self.tells("check")
        self.assertEqual(again, whole)
        self.assertGreater(self.units["read"], 0)
        self.assertEqual(self.units["write"], 0)
        self.assertIsNone(self.tells("explain", BOB, ALICE)["first_break"])

    def test_a_person_is_found_by_phone_id_or_subject(self):
        found = self.tells("find", "--phone", ALICE)
        self.assertEqual((found["account"]["id"], found["account"]["is_holder"]), (self.alice, True))
        self.assertEqual((found["names"], found["books_with_number"]), (None, 1))
        self.assertNotIn(ALICE[1:], json.dumps(found))
        names = {"subject": "alice", "phone": ALICE, "details": unittest.mock.ANY}
        for way in [("--phone", ALICE), ("--id", self.alice), ("--subject", "alice")]:
            with self.subTest(way=way):
                self.assertEqual(self.tells("find", *way), found)
                self.assertEqual(self.tells("find", *way, "--names"), found | {"names": names})
        [device] = self.tells("find", "--subject", "bob")["devices"]
        self.assertEqual((device["channel"], device["platform"], device["device"]), ("gcm", "android", None))
        nobody = self.tells("find", "--phone", "+16505550199", code=FOUND)
        self.assertEqual((nobody["account"], nobody["books_with_number"]), (None, 0))

    def test_a_person_at_a_terminal_is_asked_before_they_see_names(self):
        for answer, are_shown in [("y", True), ("n", False), ("", False)]:
            with self.subTest(answer=answer):
                code, told = self.asks(answer, "find", "--phone", ALICE)
                self.assertEqual((code, told.splitlines()[0].split(",")[0]), (DONE, f"User {self.alice}"))
                self.assertEqual(f"number: {ALICE}" in told, are_shown, told)
                self.assertEqual("names and numbers are hidden" in told, not are_shown, told)

    def test_people_move_in_are_shown_at_once_and_announced_to_nobody(self):
        self.upload("Carol C.", CAROL)
        carol = {
            "subject": "carol",
            "account": {"id": 1001, "phone": CAROL, "profile": {"full_name": "Carol"}},
            "books": [{"contacts": [{"name": "Bob", "phone": BOB}, {"name": "Dave", "phone": DAVE}]}],
        }
        tablet = {"udid": "tablet", "contacts": [{"name": "Carol", "phone": CAROL}]}
        dave = {"subject": "dave", "account": {"phone": DAVE}, "books": [tablet]}
        file = self.file(carol, dave)
        moved = {"is_dry_run": True, "lines": 2, "failed_lines": 0, "contacts_left_out": 0}
        moved |= {"accounts": NOTHING | {"created": 2}, "books": NOTHING | {"created": 2}}
        self.assertEqual(self.tells("import", file, "--dry-run"), moved)
        self.assertEqual(self.units["write"], 0)
        self.assertNotIn(1001, self.matches())
        self.assertEqual(self.tells("import", file), moved | {"is_dry_run": False})
        self.assertGreater(self.units["write"], 0)
        self.assertIn(1001, self.matches())
        again = {"accounts": NOTHING | {"unchanged": 2}, "books": NOTHING | {"unchanged": 2}}
        self.assertEqual(self.tells("import", file), moved | {"is_dry_run": False} | again)
        for who in ("carol", "dave"):
            self.assertEqual({one["spent"] for one in self.tells("find", "--subject", who)["budgets"]}, {0}, who)
        told = self.tells("explain", BOB, CAROL, code=FOUND)
        self.assertEqual((told["was_told"], told["first_break"]["reason"]), (False, "not_announced"))
        # Somebody who signs up later is announced, and so a push about Carol would have come.
        self.upload("Erin E.", ERIN)
        self.joins("erin", ERIN)
        self.assertEqual(self.pushes(), ["Alice A. is here now", "Erin E. is here now"])
        self.assertEqual(self.tells("check")["findings"], [])

    def test_a_line_that_makes_no_sense_is_told_and_the_others_move_in(self):
        contacts = [{"name": "Zoë", "phone": "12"}, {"name": "Bob", "phone": BOB}]
        file = self.file(
            {"subject": "frank", "books": [{"contacts": contacts}]},
            {"subject": "grace", "nickname": "Zoë"},
            {"subject": "alice", "account": {"id": 4711}},
            "no JSON",
        )
        told, failures = self.runs("import", file, "--json", code=FOUND)
        counts = {"accounts": NOTHING, "books": NOTHING | {"created": 1}}
        self.assertEqual(
            self.told(told), {"is_dry_run": False, "lines": 4, "failed_lines": 3, "contacts_left_out": 1} | counts
        )
        self.assertEqual(
            [json.loads(failure) for failure in failures.splitlines()],
            [
                {"line": 1, "book": 0, "contact": 0, "reason": "phone: isn't one"},
                {"line": 2, "reason": "unknown field `nickname` at column 31"},
                {"line": 4, "reason": "it isn't JSON at column 2"},
                {"line": 3, "reason": "the user has another id"},
            ],
        )
        self.assertEqual(self.tells("find", "--subject", "frank")["books"][0]["contacts"], 1)

    def test_an_export_is_the_same_after_it_was_imported(self):
        before, told = self.runs("export")
        people = [json.loads(line) for line in before.splitlines()]
        self.assertEqual(UNITS.sub("", told), f"{len(people)} people written, 0 items unreadable and left out\n")
        alice = {"id": self.alice, "phone": ALICE, "created_at": unittest.mock.ANY, "profile": {}}
        choices = {"discoverable_by_phone": True, "announce_me": True, "notify_me": True}
        alice = {"subject": "alice", "account": alice | {"choices": choices}}
        self.assertIn(alice, people)
        imported = self.tells("import", self.file(before))
        accounts, books = sum("account" in one for one in people), sum(len(one.get("books", [])) for one in people)
        self.assertEqual(imported["accounts"], NOTHING | {"unchanged": accounts})
        self.assertEqual(imported["books"], NOTHING | {"unchanged": books})
        self.assertEqual(self.runs("export")[0], before)
        for way in (ALICE, f"id:{self.alice}", "subject:alice"):
            one, _ = self.runs("export", "--only", way)
            self.assertEqual([json.loads(line) for line in one.splitlines()], [alice], way)
        [bob] = [person for person in people if person["subject"] == "bob"]
        letter = self.folder / "letter.jsonl"
        told = self.tells("export", "--only", BOB, "--only", "+16505550199", "--to", letter, code=FOUND)
        self.assertEqual(told, {"people": 1, "unreadable": 0, "missing": [2]})
        self.assertEqual(json.loads(letter.read_text()), bob)

    def test_a_number_is_forgotten_and_no_book_takes_it(self):
        self.upload("Nobody N.", NOBODY)
        planned = {"outcome": "dry_run", "books": 1, "is_forgotten": False}
        self.assertEqual(self.tells("forget", NOBODY, "--dry-run"), planned)
        self.assertEqual(self.tells("forget", NOBODY, code=FOUND), {"outcome": "not_confirmed"})
        self.assertEqual(self.asks("n", "forget", NOBODY), (FOUND, "Nothing was changed. Without a terminal, say --yes.\n"))
        self.assertIn(NOBODY, self.contacts())
        gone = "Deleted 1 contact from 1 book. No book takes the number again.\n"
        self.assertEqual(self.asks("y", "forget", NOBODY), (DONE, gone))
        self.assertNotIn(NOBODY, self.contacts())
        refused = {"created": 0, "updated": 0, "deleted": 0, "rejected": GONE}
        self.assertEqual(self.upload("Nobody N.", NOBODY), refused)
        self.assertNotIn(NOBODY, self.contacts())
        again = {"outcome": "forgotten", "books": 0, "contacts": 0}
        self.assertEqual(self.tells("forget", NOBODY, "--yes"), again)
        found = self.tells("find", "--phone", NOBODY, code=FOUND)
        self.assertEqual((found["is_forgotten"], found["books_with_number"]), (True, 0))
        explained = self.tells("explain", BOB, NOBODY, code=FOUND)["first_break"]
        self.assertEqual((explained["link"], explained["reason"]), ("contact", "forgotten"))
        self.assertEqual(self.tells("check")["findings"], [])
        self.assertEqual(self.tells("forget", NOBODY, "--allow"), {"outcome": "allowed", "was_forgotten": True})
        self.assertEqual(self.upload("Nobody N.", NOBODY), refused | {"created": 1, "rejected": {}})
        self.assertEqual(self.tells("forget", ALICE, "--yes", code=FOUND), {"outcome": "has_holder"})

    def test_a_forgotten_number_that_comes_back_with_an_older_table_is_found_and_deleted(self):
        self.upload("Nobody N.", NOBODY)
        older = {table: self.items(table) for table in ("AddressBooksTableName", "ContactOwnersTableName")}
        self.tells("forget", NOBODY, "--yes")
        for table, items in older.items():
            for item in items:
                self.dynamodb.put_item(TableName=self.outputs[table], Item=item)
        self.assertIn(NOBODY, self.contacts())
        [found] = self.tells("check", code=FOUND)["findings"]
        self.assertEqual((found["kind"], found["count"]), ("forgotten_contact", 1))
        self.assertEqual(self.tells("check", "--repair")["findings"], [found | {"is_repaired": True}])
        self.assertNotIn(NOBODY, self.contacts())
        self.assertEqual(self.tells("check")["findings"], [])
        self.tells("forget", NOBODY, "--allow")


if __name__ == "__main__":
    unittest.main()
