"""What template.yaml becomes. Nothing is built or deployed."""

import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from resources import IN_STEPS, PAGE, REQUIRED, ROOT, all_resources, anchors, resources
from samtranslator.yaml_helper import yaml_parse
from transform import TEMPLATE, transformed

CFN_LINT = Path(sys.executable).with_name("cfn-lint")
BY_GATEWAY = {"SignIn": "gateway", "TokenIssuer": "https://securetoken.google.com/example", "TokenAudience": "example"}
STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/Users-restored/stream/2026-11-24T08:00:00.000"
RESTORED = {
    "RestoredAddressBooks": "AddressBooks-restored",
    "RestoredContactOwners": "ContactOwners-restored",
    "RestoredUsers": "Users-restored",
    "RestoredUsersStreamArn": STREAM,
}
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"


class WhatIsDeployed(unittest.TestCase):
    """The template after the transform, of which the template itself is only a draft."""

    maxDiff = None

    def test_every_way_to_deploy_it_lints(self):
        for what, values in [
            ("one value", {}),
            ("restored", RESTORED),
            ("in steps", IN_STEPS),
            ("in steps, restored, bounded", {**IN_STEPS, **RESTORED, "PermissionsBoundary": BOUNDARY}),
            ("by the gateway, unsealed, unprotected", {**BY_GATEWAY, "SealAtRest": "false", "DeletionProtection": "false"}),
        ]:
            with self.subTest(what), tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump(transformed({**REQUIRED, **values}), file)
                file.flush()
                done = subprocess.run([CFN_LINT, file.name], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_only_releases_in_steps_take_codedeploy(self):
        self.assertEqual(resources("AWS::CodeDeploy::DeploymentGroup"), {})
        groups = resources("AWS::CodeDeploy::DeploymentGroup", **IN_STEPS)
        functions = resources("AWS::Lambda::Function")
        self.assertEqual(groups.keys(), {f"{name}DeploymentGroup" for name in functions})
        for name in functions:
            properties = groups[f"{name}DeploymentGroup"]["Properties"]
            alarm = {"Enabled": True, "Alarms": [{"Name": {"Ref": name.removesuffix("Function") + "ErrorsAlarm"}}]}
            self.assertEqual(properties["AlarmConfiguration"], {"Fn::If": ["HasAlarms", alarm, {}]})
        # SAM's own role would be without the boundary.
        roles = resources("AWS::IAM::Role", **IN_STEPS)
        self.assertNotIn("CodeDeployServiceRole", roles)
        for name, role in roles.items():
            self.assertIn("PermissionsBoundary", role["Properties"], name)

    def test_a_version_is_published_for_a_new_release_and_for_restored_tables(self):
        for name, version in resources("AWS::Lambda::Version").items():
            description = version["Properties"]["Description"]["Fn::Sub"]
            named = set(re.findall(r"\$\{(\w+)\}", description))
            self.assertEqual(named, {"Release", "DeploymentPreference", *RESTORED} - {"RestoredUsersStreamArn"}, name)
            # A description has at most 256 characters.
            declared = yaml_parse(TEMPLATE.read_text())["Parameters"]
            most = {"Release": 20, "DeploymentPreference": max(map(len, declared["DeploymentPreference"]["AllowedValues"]))}
            for parameter in named - most.keys():
                [limit] = re.findall(r"\{\d+,(\d+)\}\$$", declared[parameter]["AllowedPattern"])
                most[parameter] = int(limit)
            self.assertLessEqual(sum(most.values()) + len(named) - 1, 256)

    def test_everything_that_calls_a_function_goes_by_the_alias_where_releases_go_in_steps(self):
        calls = []
        for kind, field in [
            ("AWS::ApiGatewayV2::Integration", "IntegrationUri"),
            ("AWS::Lambda::EventSourceMapping", "FunctionName"),
            ("AWS::Lambda::Permission", "FunctionName"),
        ]:
            calls += [(name, made["Properties"][field]) for name, made in resources(kind).items()]
        # A user pool names the function or the alias, and may call either.
        calls = [(name, call) for name, call in calls if not name.startswith("CognitoSignUp")]
        self.assertEqual(len(calls), 16)
        for name, call in calls:
            condition, alias, _ = call["Fn::If"]
            self.assertEqual(condition, "InSteps", name)
            self.assertRegex(alias["Ref"], r"^\w+FunctionAliaslive$", name)


class Routes(unittest.TestCase):
    """Who is let in by which route, how often, and what a browser may send and see."""

    SIGN_INS = {"POST /session", "POST /session.json", "POST /login", "POST /login.json"}

    def setUp(self):
        made = resources("AWS::ApiGatewayV2::Route").values()
        self.routes = {route["Properties"]["RouteKey"]: route for route in made}
        self.assertEqual(len(self.routes), len(made))

    def function_of(self, key, condition="HasSessions"):
        target = self.routes[key]["Properties"]["Target"]
        if "Fn::If" in target:
            asked, target, otherwise = target["Fn::If"]
            self.assertEqual(asked, "HasSessions")
            target = target if condition == asked else otherwise
        return re.fullmatch(r"integrations/\$\{(\w+)Integration\}", target["Fn::Sub"])[1]

    def test_every_route_is_there_without_and_with_json(self):
        for key in self.routes:
            if key.endswith("{id}"):
                self.assertNotIn(f"{key}.json", self.routes)
            else:
                twin = key.removesuffix(".json") if key.endswith(".json") else f"{key}.json"
                self.assertIn(twin, self.routes)
                self.assertEqual(self.function_of(key), self.function_of(twin), key)

    def test_only_the_session_routes_never_have_the_authorizer(self):
        authorizer = {"Fn::If": ["HasAuthorizer", {"Ref": "TokenAuthorizer"}, {"Ref": "AWS::NoValue"}]}
        for key, route in self.routes.items():
            properties = route["Properties"]
            if re.match(r"(GET|POST|DELETE) /(session|login)\b", key):
                self.assertEqual(self.function_of(key), "Session")
                self.assertEqual((route.get("Condition"), properties["AuthorizationType"]), ("HasSessions", "NONE"), key)
                self.assertNotIn("AuthorizerId", properties, key)
            else:
                self.assertNotIn("Condition", route, key)
                # There is no way to it through the authorizer.
                self.assertNotEqual(self.function_of(key, "HasAuthorizer"), "Session", key)
                self.assertEqual(properties["AuthorizationType"], {"Fn::If": ["HasAuthorizer", "JWT", "NONE"]}, key)
                self.assertEqual(properties["AuthorizerId"], authorizer, key)
        for name in ("SessionIntegration", "SessionPermission"):
            self.assertEqual(all_resources()[name]["Condition"], "HasSessions")
        self.assertEqual(all_resources()["TokenAuthorizer"]["Condition"], "HasAuthorizer")

    def test_users_are_shown_by_those_who_read_books_and_signed_up_by_those_who_know_passwords(self):
        for key in self.routes:
            if " /users" in key:
                shows = key.startswith("GET ") and "/export" not in key
                other = "Session" if key.startswith("POST ") else "Users"
                self.assertEqual(self.function_of(key), "RegisteredUsers" if shows else other, key)
                self.assertEqual(self.function_of(key, "HasAuthorizer"), "RegisteredUsers" if shows else "Users", key)

    def test_sign_ins_have_limits_of_their_own_once_their_routes_are_there(self):
        [stage] = resources("AWS::ApiGatewayV2::Stage").values()
        condition, settings, otherwise = stage["Properties"]["RouteSettings"]["Fn::If"]
        self.assertEqual((condition, otherwise), ("HasSessions", {"Ref": "AWS::NoValue"}))
        limits = {"ThrottlingRateLimit": {"Ref": "SignInRateLimit"}, "ThrottlingBurstLimit": {"Ref": "SignInBurstLimit"}}
        self.assertEqual(settings, dict.fromkeys(self.SIGN_INS, limits))
        _, awaited, _ = stage["Metadata"]["After"]["Fn::If"]
        keys = {all_resources()[route["Ref"]]["Properties"]["RouteKey"] for route in awaited}
        self.assertEqual(keys, self.SIGN_INS)

    def test_browsers_may_send_each_token_and_see_when_it_ends(self):
        _, cors, _ = all_resources()["Api"]["Properties"]["CorsConfiguration"]["Fn::If"]
        self.assertLessEqual({"authorization", "cb-token", "qb-token"}, set(cors["AllowHeaders"]))
        exposed = {"etag", "retry-after", "x-request-id", "cb-token-expirationdate", "qb-token-expirationdate"}
        self.assertEqual(set(cors["ExposeHeaders"]), exposed)
        self.assertEqual(set(cors["AllowMethods"]), {key.split()[0] for key in self.routes})


class Parameters(unittest.TestCase):
    """What can be asked for, and what is refused."""

    def setUp(self):
        template = yaml_parse(TEMPLATE.read_text())
        self.declared, self.rules = template["Parameters"], template["Rules"]

    def fits(self, name, value):
        # CloudFormation compares the whole value, by Java's expressions, which are Python's as far as they are used here.
        return re.fullmatch(self.declared[name]["AllowedPattern"], value) is not None

    def test_every_default_fits_its_pattern(self):
        for name, parameter in self.declared.items():
            if "AllowedPattern" in parameter and "Default" in parameter:
                self.assertTrue(self.fits(name, parameter["Default"]), name)

    def test_issuers_are_https_urls_each_with_its_audiences(self):
        firebase, cognito = "https://securetoken.google.com/my-app", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc"
        for value, fits in [
            ("", True),
            (f"{firebase} my-app", True),
            (f"{firebase} my-app, {cognito} client1 client2", True),
            (f"{firebase} my-app,{cognito} client1", True),
            ("https://accounts.example.com/ app:1/x", True),
            (firebase, False),
            (f"{firebase} my-app, {cognito}", False),
            (f"{firebase} my-app,", False),
            (f", {firebase} my-app", False),
            (f" {firebase} my-app", False),
            (f"{firebase}?x=1 my-app", False),
            (f"{firebase}#x my-app", False),
            ("http://securetoken.google.com/my-app my-app", False),
            ("http://127.0.0.1:8000 my-app", False),
            ("http://localhost:8000 my-app", False),
            ("securetoken.google.com/my-app my-app", False),
        ]:
            self.assertEqual(self.fits("Issuers", value), fits, value)

    def test_the_identity_server_is_asked_over_https(self):
        for value, fits in [
            ("", True),
            ("https://id.example.com/login", True),
            ("http://id.example.com/login", False),
            ("https://id.example.com/login?app=1", False),
            ("https://id.example.com/ login", False),
        ]:
            self.assertEqual(self.fits("IdentityServerUrl", value), fits, value)

    def test_a_way_to_sign_in_takes_all_that_it_needs(self):
        token = {"TokenIssuer": BY_GATEWAY["TokenIssuer"], "TokenAudience": "example"}
        gateway, unsealed, server = {"SignIn": "gateway"}, {"SealAtRest": "false"}, {"IdentityServerUrl": "https://id.example.com"}
        for values, broken in [
            ({}, {"SessionsNeedSomebodyWhoKnowsTheUsers"}),
            (token, {"SessionsNeedSomebodyWhoKnowsTheUsers"}),
            (REQUIRED, set()),
            (server, set()),
            ({**REQUIRED, **server}, set()),
            ({**REQUIRED, **unsealed}, {"SessionsNeedSomebodyWhoKnowsTheUsers"}),
            (gateway, {"GatewayNeedsIssuer"}),
            ({**gateway, **REQUIRED}, {"GatewayNeedsIssuer"}),
            ({**gateway, "TokenIssuer": token["TokenIssuer"]}, {"GatewayNeedsIssuer"}),
            ({**gateway, "TokenAudience": "example"}, {"GatewayNeedsIssuer"}),
            ({**gateway, **token}, set()),
            ({**gateway, **token, **unsealed}, set()),
        ]:
            self.assertEqual(self.broken(values), broken, values)

    def broken(self, values):
        """The rules that refuse these values."""
        values = {name: values.get(name, parameter.get("Default")) for name, parameter in self.declared.items()}

        def true(expression):
            [(function, arguments)] = expression.items()
            match function:
                case "Fn::Not":
                    return not true(arguments[0])
                case "Fn::And":
                    return all(map(true, arguments))
                case "Fn::Or":
                    return any(map(true, arguments))
                case "Fn::Equals":
                    left, right = (values[side["Ref"]] if isinstance(side, dict) else side for side in arguments)
                    return left == right
            raise AssertionError(function)

        asked = {name: rule for name, rule in self.rules.items() if true(rule.get("RuleCondition", {"Fn::And": []}))}
        return {name for name, rule in asked.items() if not all(true(each["Assert"]) for each in rule["Assertions"])}

    def test_the_secret_of_the_app_is_not_shown(self):
        self.assertIs(self.declared["ApplicationAuthSecret"]["NoEcho"], True)


class Alarms(unittest.TestCase):
    """What rings, and what it says."""

    def setUp(self):
        self.alarms = resources("AWS::CloudWatch::Alarm")

    def test_each_is_plain_speaks_twice_and_names_its_part_of_the_page(self):
        known = anchors(PAGE)
        for name, alarm in self.alarms.items():
            properties = alarm["Properties"]
            self.assertNotIn("Metrics", properties, name)
            self.assertEqual(properties["AlarmActions"], properties["OKActions"], name)
            self.assertEqual(len(properties["AlarmActions"]), 1, name)
            [anchor] = re.findall(r"docs/OPERATIONS\.md#(\S+)$", properties["AlarmDescription"])
            self.assertIn(anchor, known, name)

    def test_the_page_has_each(self):
        named = set(re.findall(r"`(\w+Alarm)`", PAGE))
        # One sentence stands for the other tables' alarms.
        tables = set(resources("AWS::DynamoDB::Table")) - {"AddressBooks"}
        for table in tables:
            self.assertIn(f"`{table}`", PAGE)
            named |= {f"{table}ReadThrottlesAlarm", f"{table}WriteThrottlesAlarm"}
        self.assertEqual(named, self.alarms.keys())

    def test_every_function_table_and_dead_letter_queue_has_one(self):
        functions = resources("AWS::Lambda::Function")
        for name in functions:
            for metric in ("Errors", "Throttles"):
                self.assertIn({"Name": "FunctionName", "Value": {"Ref": name}}, self.watched(metric))
        for name in resources("AWS::DynamoDB::Table"):
            in_use = {"Fn::If": [f"HasRestored{name}", {"Ref": f"Restored{name}"}, {"Ref": name}]}
            for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
                self.assertIn({"Name": "TableName", "Value": in_use}, self.watched(metric))
        for name in ("JoinsDeadLetterQueue", "PushesDeadLetterQueue", "FailedRecordsQueue"):
            queue = {"Name": "QueueName", "Value": {"Fn::GetAtt": [name, "QueueName"]}}
            self.assertIn(queue, self.watched("ApproximateNumberOfMessagesVisible"))

    def watched(self, metric):
        found = [alarm["Properties"] for alarm in self.alarms.values() if alarm["Properties"]["MetricName"] == metric]
        return [dimension for properties in found for dimension in properties.get("Dimensions", [])]


class Protection(unittest.TestCase):
    """What can't be got back."""

    def test_the_stack_policy_protects_tables_and_keys_from_updates(self):
        policy = json.loads((ROOT / "deploy/stack-policy.json").read_text())
        made = {resource["Type"] for resource in all_resources().values()}

        def allowed(action, kind):
            verdicts = [
                statement["Effect"]
                for statement in policy["Statement"]
                if kind in statement.get("Condition", {}).get("StringEquals", {}).get("ResourceType", [kind])
                and {action, "Update:*"} & set([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
            ]
            return "Allow" in verdicts and "Deny" not in verdicts

        refused = {(action, kind) for action in ("Modify", "Replace", "Delete") for kind in made if not allowed(f"Update:{action}", kind)}
        table, secret = "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"
        self.assertLessEqual({table, secret}, made)
        self.assertEqual(
            refused,
            {("Replace", table), ("Delete", table), ("Modify", secret), ("Replace", secret), ("Delete", secret)},
        )

    def test_the_keys_outlive_the_stack_and_tables_refuse_to_be_deleted(self):
        [secret] = resources("AWS::SecretsManager::Secret").values()
        self.assertEqual((secret["DeletionPolicy"], secret["UpdateReplacePolicy"]), ("RetainExceptOnCreate", "Retain"))
        for name, table in resources("AWS::DynamoDB::Table").items():
            self.assertEqual(table["Properties"]["DeletionProtectionEnabled"], {"Ref": "DeletionProtection"}, name)
            self.assertEqual(table["UpdateReplacePolicy"], "Retain", name)

    def test_every_queue_refuses_requests_without_tls(self):
        policies = resources("AWS::SQS::QueuePolicy").values()
        queues = [queue["Ref"] for policy in policies for queue in policy["Properties"]["Queues"]]
        self.assertEqual(sorted(queues), sorted(resources("AWS::SQS::Queue")))
        for policy in policies:
            [statement] = policy["Properties"]["PolicyDocument"]["Statement"]
            self.assertEqual((statement["Effect"], statement["Principal"], statement["Action"]), ("Deny", "*", "sqs:*"))
            self.assertEqual(statement["Condition"], {"Bool": {"aws:SecureTransport": "false"}})

    def test_a_dead_letter_has_days_left(self):
        queues = {name: queue["Properties"] for name, queue in resources("AWS::SQS::Queue").items()}
        days = {name: properties["MessageRetentionPeriod"] / 86400 for name, properties in queues.items()}
        for name, properties in queues.items():
            if "RedrivePolicy" in properties:
                dead = properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
                self.assertGreaterEqual(days[dead] - days[name], 7, name)


if __name__ == "__main__":
    unittest.main()
