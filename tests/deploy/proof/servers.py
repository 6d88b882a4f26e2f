"""The servers that stand in for AWS, each on a free port of 127.0.0.1, and all gone at the end."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / ".tools"
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment(**extra):
    """This process's environment without anybody's own AWS settings, so that nothing here can reach AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, **CREDENTIALS, **extra}


@contextlib.contextmanager
def served(server):
    """Serves a server of Python's own library in the background, until the end."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wait_until(ready, seconds, what):
    """The first true value of `ready()`."""
    deadline = time.monotonic() + seconds
    while True:
        value = ready()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not after {seconds} s")
        time.sleep(0.2)


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextlib.contextmanager
def process(command, log, **extra):
    """A process that writes to `log`, stopped at the end."""
    with open(log, "wb") as output:
        running = subprocess.Popen(
            [str(part) for part in command], env=environment(**extra), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield running
        except BaseException:
            print(f"--- the end of {log}", file=sys.stderr)
            print("\n".join(Path(log).read_text(errors="replace").splitlines()[-30:]), file=sys.stderr)
            raise
        finally:
            running.terminate()
            try:
                running.wait(20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


@contextlib.contextmanager
def push_service(folder, host="127.0.0.1", port=None):
    """moto, of which the SNS is used: it keeps what is published for everybody to see. Its URL."""
    port = port or free_port()
    url = f"http://{host}:{port}"
    with process([TOOLS / "emulator/bin/moto_server", "-H", host, "-p", port], folder / "moto.log"):
        wait_until(lambda: answers(f"{url}/moto-api/data.json"), 30, "moto")
        yield url


@contextlib.contextmanager
def emulator(folder, push_url, authority):
    """ministack, whose functions reach SNS at `push_url`. They and its gateway trust `authority` alone. Its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_SNS": push_url,
        "SSL_CERT_FILE": str(authority),
    }
    with process([TOOLS / "emulator/bin/ministack"], folder / "ministack.log", **settings):
        wait_until(lambda: answers(f"{url}/_ministack/ready"), 60, "ministack")
        yield url


@contextlib.contextmanager
def local_server(folder):
    """The project's own local server, whose tables can be read without keys. Its URL, and the port of its DynamoDB."""
    port, dynamodb_port, log = free_port(), free_port(), folder / "local.log"
    url = f"http://127.0.0.1:{port}"
    binary = ROOT / "target/debug/address-book"
    with process([binary, "--unsealed", "--port", port, "--dynamodb-port", dynamodb_port], log):
        wait_until(lambda: answers(f"{url}/_local/pushes"), 30, "the local server")
        yield url, dynamodb_port
