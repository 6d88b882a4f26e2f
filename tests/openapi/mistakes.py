"""Makes every mistake that a client can make, each at every operation where it is one: mistakes.py RECORDER

It starts servers by the recorder, and fails if a mistake isn't answered as it should be.
"""

import contextlib
import http.client
import json
import re
import signal
import subprocess
import sys
from urllib.parse import urlencode

from description import Description

LARGEST_BODY = 5 * 1024 * 1024
LARGEST_BODY_OF_THE_GATEWAY = 10 * 1024 * 1024
# The local server lets everybody add so many phones at once who has none, and change a phone's holder so often.
PHONELESS_NUMBERS = 2_000
HOLDER_CHANGES = 10
# An id that nobody has.
NOBODY = 2**31 - 1
SIGNED_IN_BY_SESSION = "Sessions"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
SUBSCRIPTION = {
    "notification_channel": "gcm",
    "push_token": {"environment": "production", "client_identification_sequence": "a-token"},
    "device": {"platform": "android", "udid": "pixel"},
}


@contextlib.contextmanager
def server(recorder, *options):
    """A client of a new server."""
    process = subprocess.Popen([recorder, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    try:
        port = next(found[1] for line in process.stdout if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))
        yield Client(int(port))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


class Client:
    def __init__(self, port):
        self.port = port
        self.wrong = []

    def send(self, expected, method, path, token=None, body=None, content_type=JSON, headers=()):
        """Sends a request, and notes it if the answer has another status. Returns the answer."""
        if body is not None and not isinstance(body, bytes):
            body = (urlencode(body) if content_type == FORM else json.dumps(body)).encode()
        sent = dict(headers)
        if token:
            sent["CB-Token"] = token
        if body:
            sent["Content-Type"] = content_type
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.status != expected:
            self.wrong.append(f"{method} {path} is answered {response.status}, not {expected}: {answer[:200]}")
        return json.loads(answer or "null"), response.headers

    def user(self, token, **user):
        return self.send(201, "POST", "/users", token, {"user": user})[0]["user"]

    def session(self, **credentials):
        return self.send(201, "POST", "/session", body=credentials)[0]["session"]


def path_of(path, of_id):
    return path.replace("{id}", str(of_id))


def without_a_token(client, operations):
    for (method, path), operation in operations.items():
        if operation.get("security") != []:
            client.send(401, method, path_of(path, 1), body={} if "requestBody" in operation else None)


def bodies_and_queries_that_can_not_be_read(client, operations):
    user = client.user("ola")
    session = client.session(login="ola", password="any")
    for (method, path), operation in operations.items():
        token = session["token"] if SIGNED_IN_BY_SESSION in operation["tags"] else "ola"
        path = path_of(path, user["id"])
        if "requestBody" in operation:
            client.send(400, method, path, token, b"{")
            client.send(400, method, path, token, b"a=1&a[b]=1", FORM)
            client.send(415, method, path, token, b"{}", "text/plain")
            client.send(415, method, path, token, b"{}", FORM)
            client.send(413, method, path, token, b" " * (LARGEST_BODY + 1))
        elif "400" in operation["responses"]:
            client.send(400, method, path + "?%7B%22udid", token)
    client.send(413, "POST", "/address_book", "ola", b" " * (LARGEST_BODY_OF_THE_GATEWAY + 1))


def sessions_without_a_user(client, operations):
    token = client.session()["token"]
    for (method, path), operation in operations.items():
        if SIGNED_IN_BY_SESSION not in operation["tags"]:
            client.send(422, method, path_of(path, 1), token, {} if "requestBody" in operation else None)
    client.send(422, "POST", "/login", token, {})


def what_is_not_acceptable(client, _):
    token, user = "kari:+16505550101", client.user("kari:+16505550101")
    own = f"/users/{user['id']}"
    long_udid = "x" * 65
    for method, path, body in [
        ("POST", "/session", {"guest": 1}),
        ("POST", "/address_book", {}),
        ("POST", "/address_book", {"contacts": [], "force": 7}),
        ("POST", "/address_book", {"contacts": [], "udid": long_udid}),
        ("POST", "/users", {"user": {"phone": "+16505550102"}}),
        ("POST", "/users", {"user": []}),
        ("PUT", "/users", {"user": {"full_name": "x" * 256}}),
        ("PUT", own, {"user": {"blob_id": "x"}}),
        ("POST", "/subscriptions", {**SUBSCRIPTION, "notification_channel": "web"}),
        ("POST", "/subscriptions", {}),
        ("GET", f"/address_book?udid={long_udid}", None),
        ("DELETE", f"/address_book?udid={long_udid}", None),
        ("GET", "/address_book/registered_users?compact=2", None),
        ("GET", "/users/v2?full_name[start_with]=K", None),
        ("GET", "/users/v2?limit=x", None),
        ("GET", f"{own}/export?part=2", None),
    ]:
        client.send(422, method, path, token, body)


def what_is_not_there(client, _):
    token = "per"
    client.send(404, "PUT", "/users", token, {"user": {}})
    client.user(token)
    session = client.session(login=token, password="any")
    for method, path in [
        ("GET", f"/users/{NOBODY}"),
        ("GET", "/users/phone?phone=16505550199"),
        ("GET", "/users/external/nobody"),
        ("GET", "/users/none/export"),
        ("DELETE", "/users/none"),
        ("DELETE", f"/subscriptions/{NOBODY}"),
        ("GET", "/users/1/friends"),
        ("PATCH", "/users/1"),
    ]:
        client.send(404, method, path, token)
    client.send(404, "PUT", "/users/0", token, {"user": {}})
    other = session["id"] % NOBODY + 1
    client.send(404, "DELETE", f"/session/{other}", session["token"])


def what_is_another_users(client, _):
    other = client.user("ada")
    client.user("eva")
    for method, path in [("PUT", ""), ("DELETE", ""), ("GET", "/export")]:
        body = {"user": {}} if method == "PUT" else None
        client.send(403, method, f"/users/{other['id']}{path}", "eva", body)
    # The session is of an account that is no longer there.
    token = client.session(login="eva", password="any")["token"]
    client.send(200, "DELETE", "/users", "eva")
    client.user("eva")
    client.send(403, "DELETE", "/users", token)


def too_much_too_soon(client, _):
    for first in (0, PHONELESS_NUMBERS - 500):
        phones = range(first, first + PHONELESS_NUMBERS - 500)
        contacts = [{"name": "N", "phone": f"+4915112{number:06}"} for number in phones]
        client.send(429 if first else 200, "POST", "/address_book", "liv", {"contacts": contacts})
    application = client.session()["token"]
    for number in range(HOLDER_CHANGES):
        client.user(f"one-of-many-{number}:+16505550103")
    one_more = {"login": "one-more:+16505550103", "password": "any"}
    client.send(429, "POST", "/users", one_more["login"], {"user": {}})
    client.send(429, "POST", "/session", body=one_more)
    client.send(429, "POST", "/login", application, one_more)
    token = "nils:+16505550104"
    user = client.user(token)
    # The sign-up was the first change.
    for is_shown in (number % 2 for number in range(HOLDER_CHANGES - 1)):
        client.send(200, "PUT", "/users", token, {"user": {"discoverable_by_phone": is_shown}})
    for path in ("/users", f"/users/{user['id']}"):
        client.send(429, "PUT", path, token, {"user": {"discoverable_by_phone": 1 - is_shown}})


def nothing_new(client, _):
    for path in ("/address_book", "/address_book/registered_users", "/address_book/registered_users?compact=1"):
        headers = client.send(200, "GET", path, "siv")[1]
        client.send(304, "GET", path, "siv", headers={"If-None-Match": headers["etag"]})


def all_that_a_form_can_say(client, _):
    token = "una:+16505550105"
    texts = "full_name login email website avatar facebook_id twitter_id external_id custom_data"
    user = {f"user[{name}]": f"a {name}" for name in texts.split()}
    user |= {f"user[{name}]": "7" for name in ("external_user_id", "blob_id", "timezone")}
    user |= {f"user[{name}]": "1" for name in ("discoverable_by_phone", "announce_me", "notify_me")}
    for form in (user | {"user[tag_list]": "a,b", "user[phone]": "(650) 555-0105"}, user | {"user[user_tags]": "a"}):
        client.send(201, "POST", "/users", token, form, FORM)
    client.send(200, "PUT", "/users", token, [("user[tag_list][]", "a"), ("user[tag_list][]", "b")], FORM)
    for way in (
        {"email": "una", "password": "any"},
        {"user[email]": "una", "user[password]": "any"},
        {"application_id": "1", "login": "una", "password": "any"},
    ):
        client.send(201, "POST", "/session", body=way, content_type=FORM)
    client.send(201, "POST", "/subscriptions", token, SUBSCRIPTION)
    client.send(200, "GET", "/users/external/a%20external_id", token)
    filters = "id[in][]=1&id[in][]=2&login=una&email[]=una&external_id[in][]=a&phone=16505550105&limit=0&offset=1"
    client.send(200, "GET", f"/users/v2?{filters}", token)
    for header, value in (("QB-Token", token), ("Authorization", f"Bearer {token}")):
        client.send(200, "GET", "/address_book?udid=", headers={header: value})


def nobody_to_ask_about_passwords(client, _):
    application = client.session()["token"]
    password = {"login": "ola", "password": "any"}
    for path in ("/session", "/login"):
        client.send(503, "POST", path, application, password)
    client.send(503, "POST", "/users", application, {"user": password})


def main(recorder):
    operations = Description.read().operations
    wrong = []
    with server(recorder) as client:
        for mistake in (
            without_a_token,
            bodies_and_queries_that_can_not_be_read,
            sessions_without_a_user,
            what_is_not_acceptable,
            what_is_not_there,
            what_is_another_users,
            too_much_too_soon,
            nothing_new,
            all_that_a_form_can_say,
        ):
            mistake(client, operations)
        wrong += client.wrong
    # Nothing listens on this port.
    with server(recorder, "--identity-server", "http://127.0.0.1:1/") as client:
        nobody_to_ask_about_passwords(client, operations)
        wrong += client.wrong
    # Only its own key is right.
    with server(recorder, "--auth-key", "key") as client:
        client.send(401, "POST", "/session", body={"auth_key": "another"})
        wrong += client.wrong
    for complaint in wrong:
        print(complaint, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
