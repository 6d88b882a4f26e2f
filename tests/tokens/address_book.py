"""The local server under test, and what an app asks it."""

import contextlib
import json
import os
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from openid_issuer import AUDIENCE
from servers import answers, free_port, process, wait_until

# What every wrong token is answered with that should sign somebody in, whatever is wrong with it.
REFUSED = {"errors": {"base": ["Unauthorized"]}}
# What the token of a session is answered with that has ended.
NO_SESSION = {"errors": {"base": ["Required session does not exist"]}}


class Answer:
    """An answer: its status, headers and JSON."""

    def __init__(self, answer):
        self.status, self.headers = answer.status, answer.headers
        self.json = json.loads(answer.read())

    def __repr__(self):
        return f"{self.status} {json.dumps(self.json)[:300]}"


class AddressBook:
    """A running server, which logs to a file."""

    def __init__(self, url, log):
        self.url, self.log = url, log

    def call(self, method, path, session=None, body=None):
        request = urllib.request.Request(self.url + path, method=method)
        if session is not None:
            request.add_header("CB-Token", session)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json;charset=utf-8")
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                return Answer(answer)
        except urllib.error.HTTPError as answer:
            with answer:
                return Answer(answer)

    def sign_in(self, token, project=AUDIENCE):
        """What `POST /session` answers to a token, sent as an app with Firebase's phone sign-in sends it."""
        firebase = {"project_id": project, "access_token": token}
        return self.call("POST", "/session", body={"application_id": 1, "provider": "firebase_phone", "firebase_phone": firebase})

    def user(self, token, **arguments):
        """The user whom a good token signs in. Fails if it doesn't."""
        answer = self.sign_in(token, **arguments)
        assert answer.status == 201, answer
        session = answer.json["session"]
        assert session["user_id"] == session["user"]["id"], answer
        book = self.call("GET", "/address_book", session["token"])
        assert (book.status, book.json) == (200, []), book
        return session["user"]


def of(issuer, audience=AUDIENCE):
    """The arguments that list an issuer."""
    return ["--issuer", issuer.url, "--audience", audience]


@contextlib.contextmanager
def address_book(*arguments):
    """A running server, started with these arguments."""
    with tempfile.TemporaryDirectory() as folder:
        port, log = free_port(), Path(folder) / "server.log"
        url = f"http://127.0.0.1:{port}"
        with process([os.environ["ADDRESS_BOOK_BINARY"], "--port", port, *arguments], log):
            wait_until(lambda: answers(f"{url}/_local/pushes"), 30, "the local server")
            yield AddressBook(url, log)
