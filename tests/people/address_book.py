"""The program under test: its local server, and its commands."""

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.request

BINARY = os.environ["ADDRESS_BOOK_BINARY"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def server(*arguments):
    """The address of a running local server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    running = subprocess.Popen([BINARY, "--port", str(port), *map(str, arguments)], stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            assert running.poll() is None, "the server has ended"
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_local/pushes", timeout=5):
                break
            time.sleep(0.1)
        yield url
    finally:
        running.terminate()
        running.wait(30)


def command(url, *arguments):
    """The arguments of a command that works on the server."""
    return [BINARY, *map(str, arguments), "--local", url]


def run(url, *arguments, expected=0):
    """Runs a command, and returns what it tells as JSON and its standard error."""
    ran = subprocess.run([*command(url, *arguments), "--json"], capture_output=True, text=True)
    assert ran.returncode == expected, f"{arguments} ended with {ran.returncode}: {ran.stdout} {ran.stderr}"
    return json.loads(ran.stdout) if ran.stdout else {}, ran.stderr


def exported(url):
    """All lines, as they are written to the standard output."""
    return subprocess.run(command(url, "export"), capture_output=True, check=True).stdout
