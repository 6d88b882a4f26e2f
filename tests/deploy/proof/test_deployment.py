"""The deployed bundle, driven over HTTP through the emulator's gateway: each answer is compared whole."""

import contextlib
import datetime
import json
import tempfile
import time
import unittest
import unittest.mock
import urllib.request
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

import stack
from issuer import AUDIENCE, issuer, new_key
from servers import emulator, push_service, wait_until

ALICE, BOB = "+16505550123", "+14155550100"
# Long enough for a join to go from the stream through the queue to the push, emulated.
PATIENCE_SECONDS = 60
NO_SESSION = (401, {"errors": {"base": ["Required session does not exist"]}})
REFUSED = (401, {"errors": {"base": ["Unauthorized"]}})
SIGN_INS = {"POST /session", "POST /session.json", "POST /login", "POST /login.json"}


class Deployment:
    """Everything that runs, for as long as the tests of this module do."""

    def start(self, running):
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        self.issuer, authority = running.enter_context(issuer(folder))
        self.push_url = running.enter_context(push_service(folder))
        self.url = running.enter_context(emulator(folder, self.push_url, authority))
        another = "https://securetoken.google.com/another another"
        parameters = {**stack.PARAMETERS, "Issuers": f"{self.issuer.url} another {AUDIENCE}, {another}"}
        self.sns = stack.client("sns", self.push_url)
        for parameter, platform in [("ApnsSandboxApplicationArn", "APNS_SANDBOX"), ("FcmApplicationArn", "GCM")]:
            made = self.sns.create_platform_application(Name="proof", Platform=platform, Attributes={})
            parameters[parameter] = made["PlatformApplicationArn"]
        self.applications = parameters
        began = time.monotonic()
        self.outputs = stack.deploy(self.url, parameters)
        print(f"deployed in {time.monotonic() - began:.0f} s, with {len(self.outputs)} outputs", flush=True)
        self.api = stack.Api(self.url, self.outputs["ApiId"])
        self.functions = stack.client("lambda", self.url)

    def sign_in(self, name, phone=None):
        """The token of a new session."""
        return self.api.sign_in(self.issuer.token(name, phone))

    def call(self, who, method, path, body=None):
        """Status and JSON of an answer to `who`, a token of a session."""
        return self.call_at(self.api, who, method, path, body)

    def call_at(self, api, who, method, path, body=None):
        status, headers, answer = api.call(method, path, who, body)
        assert headers["content-type"].startswith("application/json"), headers
        return status, answer

    def invoke(self, output, event):
        """What the function that `output` names returns, and its error where it failed."""
        name = self.outputs[output]
        answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event))
        return json.load(answer["Payload"]), answer.get("FunctionError")

    def tokens(self, parameter):
        """The tokens that have an endpoint in the platform application that `parameter` names."""
        application = self.applications[parameter]
        listed = self.sns.list_endpoints_by_platform_application(PlatformApplicationArn=application)
        return [endpoint["Attributes"]["Token"] for endpoint in listed["Endpoints"]]

    def pushes(self):
        """What was published, by the endpoint's token."""
        with urllib.request.urlopen(f"{self.push_url}/moto-api/data.json") as answer:
            endpoints = json.load(answer)["sns"].get("PlatformEndpoint", [])
        return {endpoint["token"]: [json.loads(m) for m in endpoint["messages"].values()] for endpoint in endpoints}


DEPLOYMENT = Deployment()
RUNNING = contextlib.ExitStack()


def setUpModule():
    with contextlib.ExitStack() as running:
        DEPLOYMENT.start(running)
        RUNNING.enter_context(running.pop_all())


def tearDownModule():
    RUNNING.close()


def counts(created=0, updated=0, deleted=0, rejected=None):
    return 200, {"created": created, "updated": updated, "deleted": deleted, "rejected": rejected or {}}


def profile(**known):
    """A whole profile, of which `known` differs from a new one's."""
    names = "full_name login email phone website avatar custom_data user_tags facebook_id twitter_id external_id"
    empty = dict.fromkeys(f"{names} external_user_id blob_id timezone last_request_at".split())
    flags = {"discoverable_by_phone": True, "announce_me": True, "notify_me": True}
    return {**empty, **flags, **known}


def wrong_tokens(issuer):
    """Tokens that look like those of an issuer, and why nobody gets in with them."""
    forged = type(issuer)(issuer.url, new_key())
    now = int(time.time())
    return [
        ("no token", "alice:+16505550123"),
        ("another's signature", forged.token("alice", ALICE)),
        ("no signature", issuer.token("alice", ALICE).rpartition(".")[0] + "."),
        ("another audience", issuer.token("alice", ALICE, aud="somebody-else")),
        ("another issuer", issuer.token("alice", ALICE, iss="https://example.com")),
        ("expired", issuer.token("alice", ALICE, iat=now - 7200, exp=now - 3600)),
    ]


class SigningIn(unittest.TestCase):
    """Who gets a session, and what a session is good for."""

    maxDiff = None

    def sign_in(self, body):
        return DEPLOYMENT.call(None, "POST", "/session", body)

    def test_only_a_token_of_the_issuer_for_the_audience_signs_in(self):
        for what, token in wrong_tokens(DEPLOYMENT.issuer):
            with self.subTest(what):
                self.assertEqual(self.sign_in(stack.credentials(token)), REFUSED)
        for project in ["another", "nobody's"]:
            with self.subTest("a project that the token isn't for", project=project):
                body = stack.credentials(DEPLOYMENT.issuer.token("alice", ALICE))
                body["firebase_phone"]["project_id"] = project
                self.assertEqual(self.sign_in(body), REFUSED)

    def test_only_a_session_lets_in(self):
        token = DEPLOYMENT.sign_in("nobody")
        middle = len(token) // 2
        forged = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
        for what, wrong in [("none", None), ("a token of the issuer", DEPLOYMENT.issuer.token("nobody")), ("forged", forged)]:
            for method, path, body in [
                ("GET", "/address_book", None),
                ("POST", "/address_book", {"contacts": []}),
                ("GET", "/address_book/registered_users", None),
                ("GET", "/users/1", None),
                ("PUT", "/users", {"user": {}}),
                ("GET", "/subscriptions", None),
                ("GET", "/session", None),
            ]:
                with self.subTest(what, method=method, path=path):
                    self.assertEqual(DEPLOYMENT.call(wrong, method, path, body), NO_SESSION)

    def test_a_token_may_come_in_any_of_three_headers(self):
        token = DEPLOYMENT.sign_in("nobody")
        for name, value in [("CB-Token", token), ("QB-Token", token), ("Authorization", f"Bearer {token}")]:
            with self.subTest(name):
                status, headers, answer = DEPLOYMENT.api.call("GET", "/address_book", headers={name: value})
                self.assertEqual((status, answer), (200, []))
                self.assert_it_ends_in_a_day(headers)

    def assert_it_ends_in_a_day(self, headers):
        text = headers["CB-Token-ExpirationDate"]
        self.assertEqual(headers["QB-Token-ExpirationDate"], text)
        ends = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=datetime.timezone.utc)
        left = ends - datetime.datetime.now(datetime.timezone.utc)
        self.assertTrue(datetime.timedelta(hours=23) < left <= datetime.timedelta(hours=24), text)

    def test_a_session_without_a_user_becomes_one_with_a_user_under_its_token(self):
        status, answer = self.sign_in({"application_id": 1, "auth_key": "proof", "nonce": 7})
        self.assertEqual((status, answer["session"]["user_id"], "user" in answer["session"]), (201, 0, False))
        token = answer["session"]["token"]
        status, answer = DEPLOYMENT.call(token, "GET", "/address_book")
        self.assertEqual((status, list(answer)), (422, ["errors"]))
        credentials = stack.credentials(DEPLOYMENT.issuer.token("grace"))
        status, answer = DEPLOYMENT.call(token, "POST", "/login.json", credentials)
        self.assertIn(status, (200, 201, 202), answer)
        grace = answer["user"]["id"]
        self.assertEqual(DEPLOYMENT.call(token, "GET", "/address_book"), (200, []))
        status, answer = DEPLOYMENT.call(token, "GET", "/session.json")
        self.assertEqual((status, answer["session"]["user_id"]), (200, grace))
        wrong = stack.credentials("no token")
        self.assertEqual(DEPLOYMENT.call(token, "POST", "/login", wrong), REFUSED)
        self.assertEqual(DEPLOYMENT.call(token, "DELETE", "/session")[0], 200)
        self.assertEqual(DEPLOYMENT.call(token, "GET", "/address_book"), NO_SESSION)

    def test_logging_out_takes_the_user_off_the_token(self):
        _, answer = self.sign_in({"application_id": 1, "auth_key": "proof"})
        token = answer["session"]["token"]
        credentials = stack.credentials(DEPLOYMENT.issuer.token("grace"))
        self.assertIn(DEPLOYMENT.call(token, "POST", "/login", credentials)[0], (200, 201, 202))
        self.assertEqual(DEPLOYMENT.call(token, "GET", "/address_book"), (200, []))
        self.assertEqual(DEPLOYMENT.call(token, "DELETE", "/login.json")[0], 200)
        self.assertEqual(DEPLOYMENT.call(token, "GET", "/address_book")[0], 422)

    def test_a_session_that_was_ended_changes_nothing(self):
        for path in ["/session", "/session.json", "/session/{id}", "/session/{id}.json"]:
            with self.subTest(path):
                token = DEPLOYMENT.sign_in("nobody")
                _, answer = DEPLOYMENT.call(token, "GET", "/session")
                ended = DEPLOYMENT.call(token, "DELETE", path.format(id=answer["session"]["id"]))
                self.assertEqual(ended[0], 200)
                for method, changed, body in [
                    ("POST", "/address_book", {"contacts": []}),
                    ("PUT", "/users", {"user": {"full_name": "Nobody"}}),
                    ("POST", "/subscriptions", {}),
                    ("POST", "/login", stack.credentials(DEPLOYMENT.issuer.token("nobody"))),
                ]:
                    self.assertEqual(DEPLOYMENT.call(token, method, changed, body), NO_SESSION, changed)

    def test_a_path_that_no_function_has_is_404(self):
        status, _ = DEPLOYMENT.call(DEPLOYMENT.sign_in("nobody"), "GET", "/nothing")
        self.assertEqual(status, 404)


class TheGateway(unittest.TestCase):
    """Another stack, whose callers the gateway checks. Its tables aren't sealed."""

    @classmethod
    def setUpClass(cls):
        own = {"SignIn": "gateway", "TokenIssuer": DEPLOYMENT.issuer.url, "TokenAudience": f"another,{AUDIENCE}"}
        # A region has each domain name once.
        own |= {"Issuers": "", "SealAtRest": "false", "DomainName": "", "CertificateArn": "", "CognitoUserPoolArn": ""}
        outputs = stack.deploy(DEPLOYMENT.url, {**DEPLOYMENT.applications, **own}, "address-book-gateway")
        cls.api = stack.Api(DEPLOYMENT.url, outputs["ApiId"])

    def call(self, *call):
        return DEPLOYMENT.call_at(self.api, *call)

    def test_only_a_token_of_the_issuer_for_the_audience_is_let_in(self):
        issuer = DEPLOYMENT.issuer
        for what, token in [("none", None), ("a session", DEPLOYMENT.sign_in("nobody")), *wrong_tokens(issuer)]:
            with self.subTest(what):
                self.assertEqual(self.call(token, "GET", "/address_book"), (401, {"message": "Unauthorized"}))
        bearer = f"Bearer {issuer.token('nobody')}"
        self.assertEqual(self.call(bearer, "GET", "/address_book"), (200, []))

    def test_the_token_says_who_calls(self):
        bob = DEPLOYMENT.issuer.token("bob", BOB)
        status, answer = self.call(bob, "POST", "/users", {"user": {"full_name": "Bob"}})
        self.assertEqual((status, answer["user"]["phone"]), (201, BOB[1:]))
        upload = {"contacts": [{"name": "Alice", "phone": ALICE}]}
        self.assertEqual(self.call(bob, "POST", "/address_book", upload), counts(created=1))
        self.assertEqual(self.call(bob, "GET", "/address_book"), (200, upload["contacts"]))

    def test_there_are_no_sessions(self):
        token = DEPLOYMENT.issuer.token("bob", BOB)
        for method, path in [("POST", "/session"), ("GET", "/session.json"), ("DELETE", "/session/1"), ("POST", "/login")]:
            status, _ = self.call(token, method, path, stack.credentials(token) if method == "POST" else None)
            self.assertEqual(status, 404, path)


class TheStory(unittest.TestCase):
    """Bob has Alice in his books; she signs up, and leaves."""

    maxDiff = None

    def test_from_the_first_upload_to_the_last_goodbye(self):
        for step in [
            self.bob_signs_in,
            self.bob_has_a_profile,
            self.bob_fills_his_books,
            self.bob_subscribes_two_devices,
            self.alice_joins_and_bob_hears_once,
            self.alice_is_seen_in_bobs_book,
            self.bob_looks_alice_up,
            self.profiles_are_their_owners,
            self.bob_unsubscribes_a_device,
            self.alice_leaves,
        ]:
            step()
            print(f"{step.__name__.replace('_', ' ')}: ok", flush=True)

    def call(self, *call):
        return DEPLOYMENT.call(*call)

    def bob_signs_in(self):
        status, answer = self.call(None, "POST", "/session.json", stack.credentials(DEPLOYMENT.issuer.token("bob", BOB)))
        self.assertEqual((status, list(answer)), (201, ["session"]))
        session = answer["session"]
        self.bob, self.bob_id = session["token"], session["user_id"]
        created = session["user"].pop("created_at")
        self.assertRegex(created, r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(session["user"].pop("updated_at"), created)
        self.assertEqual(session["user"], profile(id=self.bob_id, phone=BOB[1:]))
        known = {"id", "user_id", "application_id", "token", "ts", "nonce", "created_at", "updated_at", "user"}
        self.assertLessEqual(known, session.keys())
        self.assertEqual((session["application_id"], session["nonce"]), (1, 7))

    def bob_has_a_profile(self):
        status, answer = self.call(self.bob, "POST", "/users.json", {"user": {"full_name": "Bob", "login": "bob"}})
        for time_of in ["created_at", "updated_at"]:
            answer["user"].pop(time_of)
        bob = profile(id=self.bob_id, full_name="Bob", login="bob", phone=BOB[1:])
        self.assertEqual((status, answer), (201, {"user": bob}))
        # Signing in again makes no second account.
        status, answer = self.call(DEPLOYMENT.sign_in("bob", BOB), "GET", "/session")
        self.assertEqual((status, answer["session"]["user_id"]), (200, self.bob_id))

    def bob_fills_his_books(self):
        documented = [
            {"name": "Gordie Kann", "phone": "1879108395"},
            {"name": "Hildegarde", "phone": "2759108396"},
            {"name": "Buiron", "phone": "3759108396"},
        ]
        upload = lambda body: self.call(self.bob, "POST", "/address_book.json", body)
        short = {"0": ["Length of 'phone' field should be min: 10 and max: 15."]}
        self.assertEqual(upload({"contacts": documented}), counts(created=3))
        self.assertEqual(upload({"contacts": documented}), counts())
        self.assertEqual(upload({"contacts": [{"name": "X", "phone": "12"}]}), counts(rejected=short))
        changes = [{"name": "Gordie", "phone": "1879108395"}, {"phone": "2759108396", "destroy": 1}]
        alice = {"name": "Alice %s 😀", "phone": "(650) 555-0123"}
        self.assertEqual(upload({"contacts": [*changes, alice]}), counts(created=1, updated=1, deleted=1))
        device = {"contacts": [{"name": "Alice at work", "phone": ALICE}], "udid": "phone/1"}
        self.assertEqual(upload(device), counts(created=1))
        book = [changes[0], documented[2], alice]
        self.assertEqual(self.call(self.bob, "GET", "/address_book"), (200, book))
        self.assertEqual(self.call(self.bob, "GET", "/address_book.json?udid=phone%2F1"), (200, device["contacts"]))
        forced = {"contacts": [alice], "force": 1}
        self.assertEqual(upload(forced), counts(deleted=2))
        self.assertEqual(self.call(self.bob, "GET", "/address_book.json"), (200, [alice]))
        path = "/address_book/registered_users.json?compact=1"
        self.assertEqual(self.call(self.bob, "GET", path), (200, {"items": []}))

    def bob_subscribes_two_devices(self):
        self.subscriptions = []
        for channel, platform, environment in [("apns", "ios", "development"), ("gcm", "android", "production")]:
            token = {"environment": environment, "client_identification_sequence": f"{channel}-token"}
            device = {"platform": platform, "udid": f"{platform}-device"}
            body = {"notification_channel": channel, "push_token": token, "device": device}
            status, answer = self.call(self.bob, "POST", "/subscriptions.json", body)
            identity = answer[0]["subscription"].pop("id")
            self.assertGreater(identity, 0)
            whole = {
                "notification_channel": {"name": channel},
                "device": {"udid": device["udid"], "platform": {"name": platform}},
            }
            self.assertEqual((status, answer), (201, [{"subscription": whole}]))
            self.subscriptions.append({"subscription": {"id": identity, **whole}})
        status, listed = self.call(self.bob, "GET", "/subscriptions")
        by_id = lambda subscription: subscription["subscription"]["id"]
        self.assertEqual((status, sorted(listed, key=by_id)), (200, sorted(self.subscriptions, key=by_id)))
        voip = {"notification_channel": "apns_voip", "push_token": token, "device": device}
        unset = {"errors": {"notification_channel": [unittest.mock.ANY]}}
        self.assertEqual(self.call(self.bob, "POST", "/subscriptions", voip), (422, unset))

    def alice_joins_and_bob_hears_once(self):
        self.assertEqual(DEPLOYMENT.pushes(), {"apns-token": [], "gcm-token": []})
        self.alice = DEPLOYMENT.sign_in("alice", ALICE)
        body = {"user": {"full_name": "Alice Liddell", "phone": "+1 650 555 0123"}}
        status, answer = self.call(self.alice, "POST", "/users", body)
        self.assertEqual((status, answer["user"]["phone"]), (201, ALICE[1:]))
        self.alice_id = answer["user"]["id"]
        wait_until(lambda: all(DEPLOYMENT.pushes().values()), PATIENCE_SECONDS, "the pushes")
        # Time for a second one, which none of them gets.
        time.sleep(3)
        pushes = DEPLOYMENT.pushes()
        self.assertEqual({token: len(messages) for token, messages in pushes.items()}, dict.fromkeys(pushes, 1))
        texts = ["Alice %s 😀 is here now", "Alice at work is here now"]
        apns = json.loads(pushes["apns-token"][0]["APNS_SANDBOX"])
        self.assertIn(apns["aps"]["alert"]["body"], texts)
        self.assertEqual((apns["id"], apns["phone"]), (self.alice_id, ALICE[1:]))
        data = json.loads(pushes["gcm-token"][0]["GCM"])["fcmV1Message"]["message"]["data"]
        self.assertIn(data["message"], texts)
        self.assertEqual((data["id"], data["phone"]), (str(self.alice_id), ALICE[1:]))

    def alice_is_seen_in_bobs_book(self):
        seen = {"id": self.alice_id, "phone": ALICE[1:], "address_book_name": "Alice %s 😀"}
        compact = self.call(self.bob, "GET", "/address_book/registered_users.json?compact=1")
        self.assertEqual(compact, (200, {"items": [{"user": seen}]}))
        at_work = {**seen, "address_book_name": "Alice at work"}
        compact = self.call(self.bob, "GET", "/address_book/registered_users?compact=1&udid=phone%2F1")
        self.assertEqual(compact, (200, {"items": [{"user": at_work}]}))
        status, answer = self.call(self.bob, "GET", "/address_book/registered_users")
        [full] = [item["user"] for item in answer["items"]]
        for time_of in ["created_at", "updated_at"]:
            full.pop(time_of)
        expected = {**profile(**seen), "full_name": "Alice Liddell"}
        for own in ["discoverable_by_phone", "announce_me", "notify_me"]:
            expected.pop(own)
        self.assertEqual((status, full), (200, expected))

    def bob_looks_alice_up(self):
        one = lambda path: self.call(self.bob, "GET", path)
        status, answer = one(f"/users/{self.alice_id}")
        self.assertEqual((status, answer["user"]["id"], answer["user"]["full_name"]), (200, self.alice_id, "Alice Liddell"))
        self.assertEqual(one(f"/users/phone.json?phone={ALICE[1:]}"), (200, answer))
        for query in [f"id={self.alice_id}", f"id[in][]={self.alice_id}", f"phone={ALICE[1:]}"]:
            status, found = one(f"/users/v2.json?{query}")
            self.assertEqual((status, found["total_entries"], [user["id"] for user in found["items"]]), (200, 1, [self.alice_id]))
        self.assertEqual(one("/users/external/nobody.json")[0], 404)
        # Whoever hasn't got her number learns nothing, not even that she is there.
        stranger = DEPLOYMENT.sign_in("stranger")
        there = self.call(stranger, "GET", f"/users/{self.alice_id}")
        self.assertEqual(there[0], 404)
        self.assertEqual(there, self.call(stranger, "GET", "/users/2147483647"))
        self.assertEqual(self.call(stranger, "GET", f"/users/v2?id={self.alice_id}")[1]["items"], [])

    def profiles_are_their_owners(self):
        path = f"/users/{self.alice_id}.json"
        status, answer = self.call(self.alice, "PUT", path, {"user": {"website": "https://example.com"}})
        self.assertEqual((status, answer["user"]["website"]), (200, "https://example.com"))
        self.assertEqual(self.call(self.alice, "GET", path), (200, answer))
        forbidden = {"errors": {"base": ["Only the user themself may do this."]}}
        for method, body in [("PUT", {"user": {}}), ("DELETE", None)]:
            self.assertEqual(self.call(self.bob, method, path, body), (403, forbidden), method)

    def bob_unsubscribes_a_device(self):
        first, second = self.subscriptions
        path = f"/subscriptions/{first['subscription']['id']}.json"
        self.assertEqual(self.call(self.bob, "DELETE", path), (200, {}))
        missing = {"errors": {"base": ["There is no such subscription."]}}
        self.assertEqual(self.call(self.bob, "DELETE", path), (404, missing))
        self.assertEqual(self.call(self.bob, "GET", "/subscriptions.json"), (200, [second]))
        tokens = {name: DEPLOYMENT.tokens(name) for name in ("ApnsSandboxApplicationArn", "FcmApplicationArn")}
        self.assertEqual(tokens, {"ApnsSandboxApplicationArn": [], "FcmApplicationArn": ["gcm-token"]})

    def alice_leaves(self):
        path = f"/users/{self.alice_id}"
        self.assertEqual(self.call(self.alice, "DELETE", path), (200, {}))
        self.assertEqual(self.call(self.alice, "DELETE", path), (200, {}))
        empty = (200, {"items": []})
        registered = lambda: self.call(self.bob, "GET", "/address_book/registered_users?compact=1") == empty
        wait_until(registered, PATIENCE_SECONDS, "Alice's leaving")


class Operations(unittest.TestCase):
    """What is deployed besides the functions."""

    def test_every_alarm_is_there_and_speaks_to_the_mail_address(self):
        cloudwatch = stack.client("cloudwatch", DEPLOYMENT.url)
        pages = cloudwatch.get_paginator("describe_alarms").paginate()
        alarms = {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}
        declared = yaml_parse((stack.ROOT / "template.yaml").read_text())["Resources"]
        wanted = {name for name, resource in declared.items() if resource["Type"] == "AWS::CloudWatch::Alarm"}
        # Of the platform applications this deployment has two.
        wanted -= {"ApnsDeliveriesAlarm", "ApnsVoipDeliveriesAlarm", "ApnsVoipSandboxDeliveriesAlarm"}
        described = {alarm["LogicalResourceId"]: alarm["PhysicalResourceId"] for alarm in self.made("AWS::CloudWatch::Alarm")}
        self.assertEqual(described.keys(), wanted)
        topic = DEPLOYMENT.outputs["AlarmTopicArn"]
        for name, physical in described.items():
            alarm = alarms[physical]
            self.assertEqual((alarm["AlarmActions"], alarm["OKActions"]), ([topic], [topic]), name)
            self.assertIn("docs/OPERATIONS.md#", alarm["AlarmDescription"])
        # SNS itself is asked in the emulator that made the topic, and not in the one that takes the pushes.
        [made] = self.made("AWS::SNS::Topic")
        self.assertEqual(made["PhysicalResourceId"], topic)

    def made(self, kind):
        pages = stack.client("cloudformation", DEPLOYMENT.url).get_paginator("list_stack_resources")
        summaries = [page["StackResourceSummaries"] for page in pages.paginate(StackName=stack.NAME)]
        return [summary for page in summaries for summary in page if summary["ResourceType"] == kind]

    def test_the_api_has_the_name_that_was_asked_for(self):
        self.assertEqual(DEPLOYMENT.outputs["ApiUrl"], f"https://{stack.PARAMETERS['DomainName']}")
        gateway = stack.client("apigatewayv2", DEPLOYMENT.url)
        [mapping] = gateway.get_api_mappings(DomainName=stack.PARAMETERS["DomainName"])["Items"]
        self.assertEqual((mapping["ApiId"], mapping["Stage"]), (DEPLOYMENT.outputs["ApiId"], "$default"))

    def test_signing_in_has_limits_of_its_own(self):
        gateway = stack.client("apigatewayv2", DEPLOYMENT.url)
        stage = gateway.get_stage(ApiId=DEPLOYMENT.outputs["ApiId"], StageName="$default")
        self.assertEqual(stage["RouteSettings"].keys(), SIGN_INS)

    def test_parameters_that_contradict_each_other_are_refused(self):
        for values, why in [
            ({"Issuers": ""}, "Give at least one of them"),
            ({"SealAtRest": "false"}, "use SignIn=gateway"),
            ({"SignIn": "gateway"}, "Give both, or use SignIn=sessions"),
            ({"RestoredUsers": "Users-restored"}, "have to be set together"),
            ({"AlarmTopicArn": "arn:aws:sns:us-east-1:000000000000:mine"}, "either AlarmEmail or AlarmTopicArn"),
            ({"CertificateArn": ""}, "DomainName and CertificateArn"),
            ({"DeploymentPreference": "Canary10Percent5Minutes", "AlarmEmail": ""}, "taken back by alarms"),
        ]:
            with self.subTest(why):
                with self.assertRaises(RuntimeError) as refused:
                    stack.deploy(DEPLOYMENT.url, {**DEPLOYMENT.applications, **values}, "address-book-refused")
                self.assertIn(why, " ".join(str(refused.exception).split()))


class OtherDoors(unittest.TestCase):
    """What other systems invoke."""

    def test_an_apps_own_systems_register_change_and_remove_users(self):
        invoke = lambda **event: DEPLOYMENT.invoke("UsersFunctionName", event)
        missing = {"errors": {"base": ["There is no such user."]}}
        self.assertEqual(invoke(action="update", user_id="erin", user={}), (missing, None))
        user = {"full_name": "Erin", "external_id": "crm-5"}
        registered, error = invoke(action="register", user_id="erin", phone="+16505550125", user=user)
        known = {"full_name": "Erin", "external_id": "crm-5", "phone": "16505550125"}
        times = {name: registered["user"][name] for name in ("id", "created_at", "updated_at")}
        self.assertEqual((registered, error), ({"user": profile(**known, **times)}, None))
        updated, error = invoke(action="update", user_id="erin", user={"full_name": "Erin E."})
        self.assertEqual((updated["user"]["full_name"], updated["user"]["id"], error), ("Erin E.", times["id"], None))
        # Signing in finds the account that is there.
        erin = DEPLOYMENT.sign_in("erin")
        self.assertEqual(DEPLOYMENT.call(erin, "GET", f"/users/{times['id']}"), (200, updated))
        for _ in range(2):
            self.assertEqual(invoke(action="remove", user_id="erin"), ({}, None))
        # The session was of the account that is gone.
        self.assertEqual(DEPLOYMENT.call(erin, "POST", "/address_book", {"contacts": []}), NO_SESSION)
        refused, error = invoke(action="promote", user_id="erin")
        self.assertEqual((list(refused), error), (["errors"], None))

    def test_a_caller_of_the_api_is_never_taken_for_one_of_them(self):
        mallory = DEPLOYMENT.sign_in("mallory")
        direct = {"action": "register", "user_id": "victim", "phone": "+16505550126", "user": {"full_name": "V"}}
        status, answer = DEPLOYMENT.call(mallory, "POST", "/users?action=remove&user_id=bob", direct)
        self.assertEqual((status, answer["user"]["full_name"], answer["user"]["phone"]), (201, "V", None))
        missing = {"errors": {"base": ["There is no such user."]}}
        update = {"action": "update", "user_id": "victim", "user": {}}
        self.assertEqual(DEPLOYMENT.invoke("UsersFunctionName", update), (missing, None))

    def test_a_user_whom_cognito_has_confirmed_is_signed_up(self):
        event = json.loads((stack.ROOT / "events/cognito-sign-up-confirmed.json").read_text())
        answer, error = DEPLOYMENT.invoke("CognitoSignUpFunctionArn", event)
        self.assertEqual((answer["userName"], error), ("dave", None))
        subject = event["request"]["userAttributes"]["sub"]
        update = {"action": "update", "user_id": subject, "user": {}}
        dave, error = DEPLOYMENT.invoke("UsersFunctionName", update)
        # CopyCognitoProfile is off.
        self.assertEqual((dave["user"]["full_name"], dave["user"]["phone"], error), (None, "16505550124", None))


if __name__ == "__main__":
    unittest.main()
