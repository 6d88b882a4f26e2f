"""Rehearses a restore of a deployed stack, restores it, and moves it, by the operator's command. Its stacks are protected and
deleted by the shell lines of the documents as they are printed.

The emulator restores at once, has the state of now, and knows one region's tables at a time: the move is to another stack
of the same region. Everything else is as it would be in AWS.
"""

import json
import subprocess
import time
import unittest

import botocore.exceptions
from samtranslator.yaml_helper import yaml_parse

import stack
from pages import blocks
from servers import REGION, ROOT, TOOLS, environment, wait_until
from surroundings import surrounded

TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
PAGE = "docs/OPERATIONS.md"
ALICE, BOB, CAROL, DORA = "+16505550123", "+14155550100", "+16505550124", "+16505550125"
ERIN, FRANK = "+16505550128", "+16505550129"
PATIENCE_SECONDS = 60
REHEARSAL, OTHER = "address-book-rehearsed", "address-book-moved"
FUNCTIONS = ("Upload", "Users", "Session", "Subscriptions", "Get", "RegisteredUsers")
SOURCES = ("Joins", "JoinPush", "FanOut", "Push")
MOVED = ("AddressBooks", "ContactOwners", "Users", "Claims", "Budgets", "Sessions")
# The emulator takes a key's id of twelve digits for an account.
OTHER_ACCOUNT = "[profile other]\naws_access_key_id = 111111111111\naws_secret_access_key = other\n"


def now():
    """The present second, which is the only one that the emulator can restore."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def suffix_of(at):
    return "restored-" + at.replace("-", "").replace(":", "")


class TheDrill(unittest.TestCase):
    """One stack with users in it: restored into another one, and in place; copied under other keys; and then moved."""

    def setUp(self):
        surroundings = self.enterContext(surrounded())
        self.folder, self.issuer = surroundings.folder, surroundings.issuer
        self.url, self.push_url = surroundings.url, surroundings.push_url
        self.parameters = {
            **surroundings.parameters,
            "PushTemplate": "%s came",
            "DeletionProtection": "true",
            # A region has each name once.
            "DomainName": "",
            "CertificateArn": "",
        }

    def bash(self, lines, **variables):
        """Runs lines of the page, with the AWS CLI going to the emulator, as one script. Its output."""
        [prelude, *_] = blocks(PAGE, "Operations")
        script = "\n".join(["set -euo pipefail", prelude, f"stack={stack.NAME}", *lines])
        # The emulator's gateway has another URL than the one in the output.
        script = script.replace("$(out ApiUrl)", "$SMOKE_URL")
        path = f"{TOOLS}/aws/bin:{environment()['PATH']}"
        extra = {"AWS_ENDPOINT_URL": self.url, "AWS_PAGER": "", "PATH": path, **variables}
        done = subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment(**extra), capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"the page's lines failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def connect(self, name):
        """Calls the API of the stack from now on."""
        [described] = stack.client("cloudformation", self.url).describe_stacks(StackName=name)["Stacks"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        self.set = {value["ParameterKey"]: value["ParameterValue"] for value in described["Parameters"]}
        stack.write_concurrency_as_a_number(stack.client("lambda", self.url), self.outputs)
        self.api = stack.Api(self.url, self.outputs["ApiId"])

    def call(self, who, method, path, body=None):
        status, _, answer = self.api.call(method, path, who, body)
        return status, answer

    def sign_in(self, name, phone):
        """A session of a user, and their id."""
        token = self.api.sign_in(self.issuer.token(name, phone))
        status, answer = self.call(token, "GET", "/session")
        self.assertEqual(status, 200, answer)
        return token, answer["session"]["user_id"]

    def upload(self, who, name, phone):
        status, answer = self.call(who, "POST", "/address_book", {"contacts": [{"name": name, "phone": phone}]})
        self.assertEqual((status, answer["created"]), (200, 1))

    def matches(self, who):
        status, answer = self.call(who, "GET", "/address_book/registered_users?compact=1")
        self.assertEqual(status, 200)
        return [item["user"]["id"] for item in answer["items"]]

    def phones(self, who):
        status, contacts = self.call(who, "GET", "/address_book")
        self.assertEqual(status, 200)
        return [contact["phone"] for contact in contacts]

    def items(self, table):
        return stack.client("dynamodb", self.url).scan(TableName=table, Select="COUNT")["Count"]

    def test_a_stack_is_restored_gets_other_keys_and_is_then_moved(self):
        self.before()
        self.rehearse()
        self.restore()
        self.rekey()
        self.move()
        self.delete_what_is_left()

    def before(self):
        stack.deploy(self.url, self.parameters)
        self.connect(stack.NAME)
        self.own = {name: value for name, value in self.outputs.items() if name.endswith("TableName")}
        self.bob, _ = self.sign_in("bob", BOB)
        self.upload(self.bob, "Alice", ALICE)
        self.alice, self.alice_id = self.sign_in("alice", ALICE)
        wait_until(lambda: self.matches(self.bob) == [self.alice_id], PATIENCE_SECONDS, "the join")
        status, _ = self.call(self.alice, "PUT", f"/users/{self.alice_id}", {"user": {"notify_me": False}})
        self.assertEqual(status, 200)
        self.ended, _ = self.sign_in("bob", BOB)
        status, _ = self.call(self.ended, "DELETE", "/session")
        self.assertEqual(status, 200)
        self.assert_it_stays_ended()
        # All that follows is done under the protection that the page asks for.
        self.bash(['scripts/protect "$stack"'])
        policy = stack.client("cloudformation", self.url).get_stack_policy(StackName=stack.NAME)["StackPolicyBody"]
        self.assertEqual(json.loads(policy), json.loads((ROOT / "deploy/stack-policy.json").read_text()))
        # The page's file, out of the checkout.
        copy = self.folder / "keys.json"
        self.bash([lines.replace("keys.json", str(copy)) for lines in blocks(PAGE, "The keys")])
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)

    def assert_it_stays_ended(self):
        status, _ = self.call(self.ended, "POST", "/address_book", {"contacts": [{"name": "Dave", "phone": "+16505550127"}]})
        self.assertEqual(status, 401)

    def command(self, *arguments, seconds=None, codes=(0, 1)):
        """Runs an operator's command on the stack: its exit code, and its JSON. It is killed after so many seconds."""
        line = [ROOT / "target/debug/address-book", *arguments, "--stack", stack.NAME, "--json"]
        profile = self.folder / "aws-config"
        profile.write_text(OTHER_ACCOUNT)
        extra = {"AWS_ENDPOINT_URL": self.url, "AWS_CONFIG_FILE": str(profile)}
        try:
            done = subprocess.run(
                [str(part) for part in line], env=environment(**extra), capture_output=True, text=True, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            return None, None
        if done.returncode not in codes:
            raise AssertionError(f"{arguments} failed: {done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.returncode, json.loads(done.stdout)

    def refused(self, *arguments):
        """What a restore says that can't be done."""
        _, answer = self.command("restore", "--yes", *arguments, codes=(3,))
        return answer["error"]

    def restored(self, what, *arguments, kills):
        """Restores by these words, and is killed meanwhile after each of these times. What it told at last."""
        began, killed = time.monotonic(), 0
        for seconds in kills:
            code, _ = self.command("restore", *arguments, "--yes", seconds=seconds)
            killed += code is None
        code, restored = self.command("restore", *arguments, "--yes")
        self.assertEqual(code, 0, restored)
        print(f"{what} in {time.monotonic() - began:.0f} s, and killed {killed} times meanwhile", flush=True)
        self.assertGreater(killed, 2)
        return restored

    def planned(self, *arguments):
        """The plan of a restore that has not begun. It changes nothing."""
        before = self.tables(), self.secret(stack.NAME)
        code, planned = self.command("restore", *arguments, "--dry-run")
        self.assertEqual((code, planned["is_dry"]), (0, True))
        self.assertFalse(any(step["is_done"] for step in planned["plan"]["steps"]))
        self.assertEqual((self.tables(), self.secret(stack.NAME)), before)
        self.assert_the_stack_goes()
        return planned["plan"]

    def rehearse(self):
        """Restores the present second into another stack, while the first one runs on."""
        stack.deploy(self.url, self.parameters, REHEARSAL)
        self.assertNotEqual(self.secret(REHEARSAL), self.secret(stack.NAME))
        words = ("--at", now(), "--into", REHEARSAL)
        self.assertEqual(self.planned(*words)["into"], REHEARSAL)
        restored = self.restored("rehearsed", *words, kills=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9, 1.1, 1.3, 1.6, 2, 3))
        self.assert_the_stack_goes()
        self.upload(self.bob, "Frank", FRANK)
        self.connect(REHEARSAL)
        self.assert_it_holds_all(restored)
        self.assert_the_stack_goes()
        self.assert_alice_still_wants_no_pushes()
        self.assertEqual(self.phones(self.bob), [ALICE])
        self.connect(stack.NAME)
        # A stack that is used is no place for another one.
        for refused, words in (
            ("holds items", ("--move", "--into", REHEARSAL)),
            ("names the stack itself", ("--move", "--into", stack.NAME)),
            ("names the stack itself", ("--at", now(), "--into", stack.NAME, "--into-region", REGION)),
            ("can't be described", ("--move", "--into", REHEARSAL, "--into-region", "eu-west-1")),
            ("can't be described", ("--move", "--into", REHEARSAL, "--into-profile", "other")),
        ):
            self.assertIn(refused, self.refused(*words))
        self.assert_the_stack_goes()

    def assert_it_holds_all(self, restored):
        """The stack has the tables that were restored into it, the keys, and users who find what they had."""
        self.assertEqual({name: self.set[name] for name in restored["parameters"]}, restored["parameters"])
        suffix = suffix_of(restored["plan"]["at"])
        for table in MOVED:
            self.assertIn(f"Restored{table}", restored["parameters"])
            self.assert_complete(table, suffix)
        self.assertNotIn("RestoredSubscriptions", restored["parameters"])
        self.assertEqual(self.secret(restored["plan"]["into"]), self.secret(stack.NAME))
        self.assertEqual(self.matches(self.bob), [self.alice_id])
        self.assert_it_stays_ended()

    def secret(self, name):
        found = stack.client("secretsmanager", self.url).get_secret_value(SecretId=self.keys_of(name))
        return json.loads(found["SecretString"])

    def restore(self):
        at = now()
        self.planned("--at", at)
        restored = self.restored("restored", "--at", at, kills=(0.1, 0.2, 0.3, 0.6, 1, 1.5, 2, 3, 4, 6))
        self.connect(stack.NAME)
        suffix = suffix_of(at)
        for name, value in restored["parameters"].items():
            self.assertEqual(self.set[name], value)
        smoke = {"SMOKE_URL": self.api.base, "TOKEN": self.issuer.token("smoke", "+16505550190")}
        self.assertIn("The deployment works.", self.bash(['tests/deploy/smoke "$(out ApiUrl)" "$TOKEN"'], **smoke))
        self.assert_the_stack_goes()
        for table in ("AddressBooks", "ContactOwners", "Users"):
            self.assertEqual(self.outputs[f"{table}TableName"], f"{stack.NAME}-{table}-{suffix}")
            self.assert_complete(table, suffix)
        for name in ("Subscriptions", "Claims", "Budgets", "Sessions"):
            self.assertEqual(self.outputs[f"{name}TableName"], self.own[f"{name}TableName"])
        # The deployment named four values; the others are as they were.
        self.assertEqual(self.set["PushTemplate"], "%s came")
        self.assert_it_goes_on()

    def rekey(self):
        began = time.monotonic()
        keys = self.folder / "new-keys.json"
        line = ("rekey", "--to-keys", keys, "--to-tables", "rekeyed")
        code, first = self.command(*line)
        self.assertEqual(code, 0, first)
        self.assertGreater(first["address_books"]["written"], 0)
        self.assertEqual(first["users"]["written"], 0)
        killed = 0
        for seconds in (0.5, 1, 2, 4, 8, 10, 12):
            code, _ = self.command(*line, "--finish", "--yes", seconds=seconds)
            killed += code is None
        code, last = self.command(*line, "--finish", "--verify", "--yes")
        self.assertEqual(code, 0, last)
        print(f"other keys in {time.monotonic() - began:.0f} s, and killed {killed} times meanwhile", flush=True)
        self.assertGreater(killed, 2)
        self.connect(stack.NAME)
        for table in ("AddressBooks", "ContactOwners", "Users", "Subscriptions", "Claims", "Budgets", "Sessions"):
            self.assert_complete(table, "rekeyed")
        self.assertEqual(self.secret(stack.NAME), json.loads(keys.read_text()))
        self.assert_the_stack_goes()
        # The old key still opens the sessions' tokens.
        self.assertEqual(self.matches(self.bob), [self.alice_id])
        self.assert_it_stays_ended()
        dora, dora_id = self.sign_in("dora", DORA)
        self.upload(self.bob, "Dora", DORA)
        self.assertEqual(sorted(self.matches(self.bob)), [self.alice_id, dora_id])
        status, _ = self.call(dora, "DELETE", f"/users/{dora_id}")
        self.assertEqual(status, 200)
        wait_until(lambda: self.matches(self.bob) == [self.alice_id], PATIENCE_SECONDS, "Dora's leaving")

    def assert_it_goes_on(self):
        """What was there is there, the stream's joins are told, and the tables left behind are written no more."""
        left = {name: self.items(self.own[f"{name}TableName"]) for name in ("AddressBooks", "ContactOwners", "Users")}
        # Sessions go on, since the keys are the same.
        self.assertEqual(self.matches(self.bob), [self.alice_id])
        self.assert_it_stays_ended()
        self.upload(self.bob, "Carol", CAROL)
        carol, carol_id = self.sign_in("carol", CAROL)
        self.assertGreater(carol_id, self.alice_id)
        wait_until(lambda: sorted(self.matches(self.bob)) == [self.alice_id, carol_id], PATIENCE_SECONDS, "the join")
        after = {name: self.items(self.own[f"{name}TableName"]) for name in left}
        self.assertEqual(left, after)
        status, _ = self.call(carol, "DELETE", f"/users/{carol_id}")
        self.assertEqual(status, 200)
        wait_until(lambda: self.matches(self.bob) == [self.alice_id], PATIENCE_SECONDS, "Carol's leaving")

    def tables(self):
        return stack.client("dynamodb", self.url).list_tables()["TableNames"]

    def assert_the_stack_goes(self):
        functions = stack.client("lambda", self.url)
        for name in FUNCTIONS:
            reserved = functions.get_function_concurrency(FunctionName=self.outputs[f"{name}FunctionName"])
            self.assertNotIn("ReservedConcurrentExecutions", reserved, name)
        for name in SOURCES:
            source = functions.get_event_source_mapping(UUID=self.outputs[f"{name}SourceId"])
            self.assertIn(source["State"], ("Enabled", "Enabling"), name)

    def assert_the_stack_is_still(self):
        """Nobody writes. Reading goes on."""
        functions = stack.client("lambda", self.url)
        for name in FUNCTIONS:
            reserved = functions.get_function_concurrency(FunctionName=self.outputs[f"{name}FunctionName"])
            held = None if name in ("Get", "RegisteredUsers") else 0
            self.assertEqual(reserved.get("ReservedConcurrentExecutions"), held, name)
        for name in SOURCES:
            source = functions.get_event_source_mapping(UUID=self.outputs[f"{name}SourceId"])
            self.assertEqual(source["State"], "Disabled", name)
        self.assertEqual(self.matches(self.bob), [self.alice_id])

    def assert_complete(self, table, suffix):
        """What a restore leaves out is there, as the template has it."""
        dynamodb, name = stack.client("dynamodb", self.url), self.outputs[f"{table}TableName"]
        wanted = TEMPLATE["Resources"][table]["Properties"]
        described = dynamodb.describe_table(TableName=name)["Table"]
        self.assertTrue(name.endswith(f"-{table}-{suffix}"))
        self.assertTrue(described["DeletionProtectionEnabled"], name)
        self.assertEqual(described["KeySchema"], wanted["KeySchema"], name)
        view = wanted.get("StreamSpecification", {}).get("StreamViewType")
        self.assertEqual(described.get("StreamSpecification", {}).get("StreamViewType"), view, name)
        ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        attribute = wanted.get("TimeToLiveSpecification", {}).get("AttributeName")
        self.assertEqual(ttl.get("AttributeName"), attribute, name)
        recovery = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        status = recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        self.assertEqual(status, "ENABLED", name)

    def move(self):
        stack.deploy(self.url, self.parameters, OTHER)
        words = ("--move", "--into", OTHER)
        self.assertIsNone(self.planned(*words)["at"])
        # One that is given up leaves the stack as it was.
        code, _ = self.command("restore", *words, "--yes", seconds=20)
        self.assertIsNone(code)
        self.assert_the_stack_is_still()
        code, _ = self.command("restore", "--give-up", "--yes")
        self.assertEqual(code, 0)
        self.assert_the_stack_goes()
        self.upload(self.bob, "Erin", ERIN)
        # It looks for five seconds whether anything is on its way. Its second is half a minute after the standstill.
        kills = (0.2, 0.5, 1, 2, 4, 6, 8, 27, 5.3, 5.5, 5.7, 5.9, 6.1, 6.3, 6.6, 7, 8)
        restored = self.restored("moved", *words, kills=kills)
        self.assert_the_stack_is_still()
        status, _ = self.call(self.bob, "POST", "/address_book", {"contacts": [{"name": "Bob", "phone": BOB}]})
        self.assertIn(status, (429, 500, 503))
        self.connect(OTHER)
        self.assert_it_holds_all(restored)
        self.assert_the_stack_goes()
        self.assert_alice_still_wants_no_pushes()
        # All that was uploaded before the standstill is there.
        self.assertEqual(self.phones(self.bob), [ALICE, FRANK, CAROL, DORA, ERIN])
        smoke = {"SMOKE_URL": self.api.base, "TOKEN": self.issuer.token("smoke", "+16505550190")}
        self.assertIn("The deployment works.", self.bash(['tests/deploy/smoke "$(out ApiUrl)" "$TOKEN"'], **smoke))
        self.assert_repeating_the_move_changes_nothing(words, restored)

    def assert_repeating_the_move_changes_nothing(self, words, restored):
        status, _ = self.call(self.alice, "PUT", f"/users/{self.alice_id}", {"user": {"notify_me": True}})
        self.assertEqual(status, 200)
        code, again = self.command("restore", *words, "--yes")
        self.assertEqual((code, again["plan"]["is_in_use"]), (0, True))
        self.assertEqual((again["plan"]["at"], again["parameters"]), (restored["plan"]["at"], restored["parameters"]))
        self.assertEqual(again["checked"]["findings"], [])
        subscriptions = stack.client("dynamodb", self.url).scan(TableName=self.outputs["SubscriptionsTableName"])["Items"]
        self.assertEqual(subscriptions, [])

    def assert_alice_still_wants_no_pushes(self):
        subscriptions = stack.client("dynamodb", self.url).scan(TableName=self.outputs["SubscriptionsTableName"])["Items"]
        self.assertEqual([item["sk"] for item in subscriptions], [{"S": "muted"}])

    def delete_what_is_left(self):
        """The old stack can't be deleted by accident, and is by the page's lines; its keys and restored tables stay."""
        cloudformation, dynamodb = stack.client("cloudformation", self.url), stack.client("dynamodb", self.url)
        with self.assertRaisesRegex(botocore.exceptions.ClientError, "TerminationProtection"):
            cloudformation.delete_stack(StackName=stack.NAME)
        keys = self.keys_of(stack.NAME)
        self.bash(blocks("docs/DEPLOYING.md", "A deployment that fails")[-1:])
        gone = lambda: not [s for s in cloudformation.describe_stacks()["Stacks"] if s["StackName"] == stack.NAME]
        wait_until(gone, PATIENCE_SECONDS, "the old stack's deletion")
        left = dynamodb.list_tables()["TableNames"]
        own = [table for table in self.own.values() if table in left]
        self.assertEqual(own, [])
        self.assertTrue([name for name in left if name.startswith(f"{stack.NAME}-Users-restored")])
        secrets = stack.client("secretsmanager", self.url)
        self.assertIn("SecretString", secrets.get_secret_value(SecretId=keys))
        self.assertEqual(self.matches(self.bob), [self.alice_id])

    def keys_of(self, name):
        [described] = stack.client("cloudformation", self.url).describe_stacks(StackName=name)["Stacks"]
        [arn] = [output["OutputValue"] for output in described["Outputs"] if output["OutputKey"] == "SealingKeysArn"]
        return arn

    def test_keys_that_are_not_the_stacks_are_found_out(self):
        stack.deploy(self.url, self.parameters)
        copy = self.folder / "keys.json"
        self.bash([f'scripts/keys backup "$stack" {copy}'])
        keys = json.loads(copy.read_text())
        for what, broken in [
            ("another key", {**keys, "1": "x" * 64}),
            ("a short key", {**keys, "1": "short"}),
            ("no such key", {**keys, "current": "2"}),
        ]:
            with self.subTest(what):
                copy.write_text(json.dumps(broken))
                with self.assertRaises(AssertionError):
                    self.bash([f'scripts/keys check "$stack" {copy}'])
        copy.write_text(json.dumps(keys))
        self.connect(stack.NAME)
        self.sign_in("alice", ALICE)
        with self.assertRaisesRegex(AssertionError, "holds items"):
            self.bash([f'scripts/keys restore "$stack" {copy}'])


if __name__ == "__main__":
    unittest.main()
