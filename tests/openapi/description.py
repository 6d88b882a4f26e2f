"""docs/openapi.json, and whether an exchange is as it says. The comparing is openapi-core's."""

import base64
import copy
import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from werkzeug.datastructures import Headers, ImmutableMultiDict

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "post", "put", "delete")
# A server that the description names.
HOST = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    method: str
    target: str
    headers: Headers
    body: bytes
    status: int
    answer_headers: Headers
    answer: bytes

    @classmethod
    def of_line(cls, line):
        fields = json.loads(line)
        for name in ("headers", "answer_headers"):
            fields[name] = Headers([tuple(pair) for pair in fields[name]])
        for name in ("body", "answer"):
            fields[name] = base64.b64decode(fields[name])
        return cls(**fields)

    @property
    def path(self):
        """The path as the description spells it, which says once that each also has `.json`."""
        return self.target.partition("?")[0].removesuffix(".json")

    @property
    def is_accepted(self):
        return 200 <= self.status < 300

    def request(self):
        return MockRequest(
            HOST,
            self.method,
            self.path,
            args=ImmutableMultiDict(self.query() if self.is_accepted else ()),
            headers=self.headers,
            data=self.without_rejected_contacts(),
            # What the description says of a body without one.
            content_type=self.headers.get("content-type", "application/json").lower(),
        )

    def response(self):
        return MockResponse(
            self.answer, self.status, self.answer_headers, self.answer_headers.get("content-type", "").lower()
        )

    def query(self):
        """The parameters. The description says that one that is a JSON object is read as its fields."""
        for name, value in parse_qsl(self.target.partition("?")[2], keep_blank_values=True):
            if name.startswith("{"):
                yield from ((field, str(of_field)) for field, of_field in json.loads(name).items())
            else:
                yield name, value

    def without_rejected_contacts(self):
        """The body without the contacts that the answer rejects: they needn't be as the description says."""
        if not self.is_accepted or not self.body.startswith(b"{") or b'"rejected"' not in self.answer:
            return self.body
        body, rejected = json.loads(self.body), json.loads(self.answer)["rejected"]
        body["contacts"] = [contact for index, contact in enumerate(body["contacts"]) if str(index) not in rejected]
        return json.dumps(body).encode()


class Description:
    def __init__(self, document):
        self.document = document
        # A test of its own asks whether the document is valid, which takes a second each time.
        self.requests = OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))
        # No answer has a key that the description doesn't name, or lacks one that it names.
        strict = Config(
            spec_validator_cls=None,
            additional_properties_default_policy="forbid",
            response_properties_default_policy="required",
        )
        self.answers = OpenAPI.from_dict(document, config=strict)
        self.patterns = sorted(
            ((re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in document["paths"]),
            key=lambda pattern: pattern[1].count("{"),
        )

    @classmethod
    def read(cls):
        return cls(json.loads((ROOT / "docs/openapi.json").read_text()))

    def changed(self, change):
        """The description after `change`, which gets the document."""
        document = copy.deepcopy(self.document)
        change(document)
        return Description(document)

    @functools.cached_property
    def operations(self):
        """Every operation, by its method and path."""
        return {
            (method.upper(), path): operation
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
            if method in METHODS
        }

    def operation_of(self, exchange):
        """The method and path of the operation, if there is one."""
        for pattern, path in self.patterns:
            found = (exchange.method, path)
            if pattern.fullmatch(exchange.path) and found in self.operations:
                return found
        return None

    def complaint(self, exchange):
        """What is wrong with an exchange, or nothing."""
        operation = self.operation_of(exchange)
        if operation is None:
            return None if exchange.status == 404 else f"no operation, but the answer is {exchange.status}"
        request = exchange.request()
        try:
            if exchange.is_accepted:
                self.requests.validate_request(request)
            self.answers.validate_response(request, exchange.response())
        except OpenAPIError as error:
            return causes(error)
        return self.beyond_schemas(operation, exchange)

    def beyond_schemas(self, operation, exchange):
        """What is wrong that a description can't say in a schema, or that openapi-core doesn't look at."""
        answer = self.resolved(self.operations[operation]["responses"][str(exchange.status)])
        if "content" not in answer and exchange.answer:
            return f"{exchange.status} has a body"
        # API Gateway's own answers are without.
        is_ours = b'"errors"' in exchange.answer
        if is_ours and exchange.status in (429, 503) and "retry-after" not in exchange.answer_headers:
            return f"{exchange.status} of ours without Retry-After"
        if is_ours and "x-request-id" not in exchange.answer_headers:
            return f"{exchange.status} of ours without x-request-id"
        return None

    def resolved(self, node):
        while "$ref" in node:
            found = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node


def causes(error):
    """What openapi-core says of an error and of its causes, in short: it quotes whole bodies."""
    messages = []
    while error is not None:
        messages.append(f"{type(error).__name__}: {str(error)[:100]}")
        for found in getattr(error, "schema_errors", ()):
            messages.append(f"at /{'/'.join(map(str, found.absolute_path))}: {found.message[:300]}")
        error = error.__cause__
    return "\n    ".join(messages)
