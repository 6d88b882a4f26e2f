"""Notes what a program asks of AWS, as the actions that IAM allows: a server that passes each call on."""

import contextlib
import http.client
import http.server
import json
import urllib.parse

from servers import served

# The parts of a transaction take the rights of the calls that they stand for.
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
# What an HTTP server says of its own connection.
HOP = {"connection", "transfer-encoding", "content-length"}


def actions(service, operation, body):
    """The rights that one call takes."""
    if operation == "TransactWriteItems":
        names = [PARTS[kind] for item in body["TransactItems"] for kind in item]
    elif operation == "BatchExecuteStatement":
        names = [f"PartiQL{one['Statement'].split()[0].capitalize()}" for one in body["Statements"]]
    else:
        names = [operation]
    return {f"{service}:{name}" for name in names}


def asked(headers, body):
    """The rights that a request takes, whether it says its operation in a header or in a form."""
    scope = headers["authorization"].split("Credential=")[1].split("/")
    target = headers.get("x-amz-target")
    if target:
        return actions(scope[3], target.rpartition(".")[2], json.loads(body))
    return actions(scope[3], urllib.parse.parse_qs(body.decode())["Action"][0], None)


@contextlib.contextmanager
def recorder(url, seen):
    """A server in front of `url`, which adds to `seen` what it is asked. Its URL."""
    behind = urllib.parse.urlsplit(url).netloc

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            seen.update(asked(self.headers, body))
            passed = http.client.HTTPConnection(behind, timeout=60)
            passed.request("POST", self.path, body, dict(self.headers))
            answer = passed.getresponse()
            content = answer.read()
            passed.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with served(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"
