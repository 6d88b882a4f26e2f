"""Whether docs/openapi.json is valid, names the routes that there are, and says what the recorded traffic shows."""

import collections
import json
import os
import re
import tomllib
import unittest
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import yaml
from description import ROOT, Description, Exchange
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.datastructures import Headers

DESCRIPTION = Description.read()
OPERATIONS = DESCRIPTION.operations
ENTRY = re.compile(r'\broute\(\s*"(\w+)",\s*"([^"]+)"')


class CloudFormation(yaml.SafeLoader):
    """Reads the template's YAML. What `!Ref` and the like stand for doesn't matter here."""


CloudFormation.add_multi_constructor("!", lambda *_: None)


def routes_of_the_code():
    return [tuple(entry) for entry in ENTRY.findall((ROOT / "shared/api/src/routes.rs").read_text())]


def routes_of_the_template():
    resources = yaml.load((ROOT / "template.yaml").read_text(), CloudFormation)["Resources"].values()
    routes = [resource for resource in resources if resource["Type"] == "AWS::ApiGatewayV2::Route"]
    return [tuple(route["Properties"]["RouteKey"].split(" ")) for route in routes]


def with_json(routes):
    """The routes as API Gateway needs them: an {id} at the end includes the suffix."""
    suffixed = [(method, path + ".json") for method, path in routes if not path.endswith("}")]
    return [*routes, *suffixed]


def is_of_the_api(exchange):
    """Not what only a local server has, such as its inbox, and not what a browser asks before a request."""
    of_local = exchange.path in ("/", "/openapi.json") or exchange.path.startswith("/_local/")
    return not of_local and exchange.method != "OPTIONS"


def recorded():
    """The exchanges that were recorded."""
    lines = [line for file in Path(os.environ["RECORDINGS"]).glob("*.jsonl") for line in file.read_text().splitlines()]
    return [exchange for exchange in map(Exchange.of_line, lines) if is_of_the_api(exchange)]


EXCHANGES = recorded()


class TheDescription(unittest.TestCase):
    maxDiff = None

    def test_it_is_valid(self):
        errors = OpenAPIV31SpecValidator(DESCRIPTION.document).iter_errors()
        self.assertEqual([f"/{'/'.join(map(str, error.path))}: {error.message}" for error in errors], [])

    def test_it_is_of_the_version_that_it_describes(self):
        workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]
        self.assertEqual(DESCRIPTION.document["info"]["version"], workspace["package"]["version"])

    def test_it_has_the_routes_of_the_code(self):
        self.assertEqual(sorted(OPERATIONS), sorted(routes_of_the_code()))

    def test_it_has_the_routes_of_the_template(self):
        self.assertEqual(sorted(with_json(OPERATIONS)), sorted(routes_of_the_template()))

    def test_its_examples_are_as_it_says(self):
        for (method, path), operation in OPERATIONS.items():
            contents = operation.get("requestBody", {}).get("content", {})
            sent = [(kind, example(content)) for kind, content in contents.items()] or [("", None)]
            answers = {status: DESCRIPTION.resolved(answer) for status, answer in operation["responses"].items()}
            with self.subTest(f"{method} {path}"):
                accepted = next(status for status in answers if status.startswith("2"))
                for kind, body in sent:
                    self.assertIsNone(complaint_of_example(method, path, kind, body, accepted, answers[accepted]))
                for status in answers.keys() - {accepted, "304"}:
                    self.assertIsNone(complaint_of_example(method, path, *sent[0], status, answers[status]))


def example(content):
    """The one example of a body."""
    if "example" in content:
        return content["example"]
    (only,) = content["examples"].values()
    return DESCRIPTION.resolved(only)["value"]


def complaint_of_example(method, path, kind, body, status, answer):
    """What is wrong with the examples of a request and its answer, or nothing."""
    form = [
        (name, value)
        for name, values in (body or {}).items()
        for value in (values if isinstance(values, list) else [values])
    ]
    encoded = urlencode(form) if "form" in kind else json.dumps(body) if kind else ""
    id_in_path = "7"
    query = "?phone=16505550123" if path == "/users/phone" else ""
    return DESCRIPTION.complaint(
        Exchange(
            method,
            path.replace("{id}", id_in_path) + query,
            Headers([("CB-Token", "a-token"), *([("Content-Type", kind)] if kind else [])]),
            encoded.encode(),
            int(status),
            Headers([("Content-Type", "application/json"), *example_headers(answer)]),
            json.dumps(example(answer["content"]["application/json"])).encode(),
        )
    )


def example_headers(answer):
    for name, header in answer["headers"].items():
        yield name, str(DESCRIPTION.resolved(header)["example"])


class TheTraffic(unittest.TestCase):
    def test_every_exchange_is_as_the_description_says(self):
        complaints = collections.Counter()
        for exchange in EXCHANGES:
            found = DESCRIPTION.complaint(exchange)
            if found:
                complaints[f"{exchange.method} {exchange.target} {exchange.status}\n    {found}"] += 1
        for what, count in complaints.most_common(20):
            with self.subTest(f"{count} x {what}"):
                self.fail()

    def test_every_operation_was_accepted_once(self):
        accepted = {DESCRIPTION.operation_of(exchange) for exchange in EXCHANGES if exchange.is_accepted}
        self.assertEqual(OPERATIONS.keys() - accepted, set())

    def test_every_answer_was_seen_that_a_client_can_get_here(self):
        # 500 takes a damaged table, and 503 a table that fails. API Gateway alone limits what has no budget.
        for operation, described in OPERATIONS.items():
            never_here = {"500", "503", "429"}
            if operation in {("POST", "/address_book"), ("POST", "/subscriptions")}:
                never_here.add("404")  # The account is deleted while the request is under way.
            with self.subTest(operation):
                self.assertEqual(described["responses"].keys() - seen(operation).keys() - never_here, set())


def seen(operation):
    """How often each status was answered."""
    of_operation = [exchange for exchange in EXCHANGES if DESCRIPTION.operation_of(exchange) == operation]
    return collections.Counter(str(exchange.status) for exchange in of_operation)


class WhatIsRefused(unittest.TestCase):
    """A check that can't fail proves nothing: each change of the description has to be noticed."""

    def test_a_field_that_the_description_lacks_or_invents(self):
        for name, field in [
            ("UploadAnswer", "rejected"),
            ("OwnProfile", "notify_me"),
            ("OtherProfile", "last_request_at"),
            ("Session", "ts"),
            ("Export", "parts"),
        ]:
            with self.subTest(f"{name} lacks {field}"):
                self.assert_noticed(lambda schemas, name=name, field=field: lack(answer_of(schemas[name]), field))
            with self.subTest(f"{name} invents a field"):
                self.assert_noticed(lambda schemas, name=name: invent(answer_of(schemas[name])))

    def test_a_request_that_the_description_does_not_allow(self):
        def only_integers(schemas):
            schemas["NewContact"]["properties"]["name"] = {"type": "integer"}

        def only_forms_of_others(schemas):
            schemas["UploadForm"]["properties"]["contacts[][phone]"]["items"]["pattern"] = "^x"

        for change in (only_integers, only_forms_of_others):
            with self.subTest(change.__name__):
                self.assert_noticed(change)

    def test_a_status_a_header_or_an_operation_that_the_description_lacks(self):
        def no_304(document):
            del document["paths"]["/address_book"]["get"]["responses"]["304"]

        def no_login(document):
            del document["paths"]["/login"]["post"]

        def another_time(document):
            document["components"]["headers"]["SessionEnd"]["schema"]["pattern"] = "Z$"

        for change in (no_304, no_login, another_time):
            with self.subTest(change.__name__):
                self.assert_noticed_of_document(change)

    def test_a_body_where_there_is_none_and_a_missing_retry_after(self):
        for status, change in [
            (304, {"answer": b"{}"}),
            (429, {"answer_headers": Headers([("content-type", "application/json"), ("x-request-id", "r-1")])}),
        ]:
            exchange = next(exchange for exchange in EXCHANGES if exchange.status == status)
            self.assertIsNone(DESCRIPTION.complaint(exchange))
            self.assertIsNotNone(DESCRIPTION.complaint(replace(exchange, **change)))

    def assert_noticed(self, change):
        self.assert_noticed_of_document(lambda document: change(document["components"]["schemas"]))

    def assert_noticed_of_document(self, change):
        changed = DESCRIPTION.changed(change)
        self.assertTrue(any(map(changed.complaint, EXCHANGES)))


def answer_of(schema):
    """The object within `{"session": {...}}` and the like."""
    inner = schema["properties"].get("session", schema)
    return inner if "properties" in inner else schema


def lack(schema, field):
    del schema["properties"][field]
    schema["required"].remove(field)


def invent(schema):
    schema["properties"]["invented"] = {}
    schema["required"].append("invented")


def tearDownModule():
    """Prints how many exchanges were compared."""
    print(f"\n{len(EXCHANGES)} exchanges, by operation and status:")
    for (method, path), described in OPERATIONS.items():
        counts = seen((method, path))
        never = sorted(described["responses"].keys() - counts.keys())
        shown = "  ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
        print(f"  {method:6} {path:32} {shown}" + (f"  (never: {' '.join(never)})" if never else ""))
    unknown = sum(DESCRIPTION.operation_of(exchange) is None for exchange in EXCHANGES)
    print(f"  {unknown} requests without a route")


if __name__ == "__main__":
    unittest.main()
