"""The queues and platform applications that local/env.json names, in moto.

tests/deploy/queues-and-pushes runs this for `sam local invoke`.
"""

import contextlib
import json
import signal
import sys
import tempfile
import threading
from pathlib import Path

import stack
from servers import ROOT, push_service

ENVIRONMENT = ROOT / "local/env.json"
# Where local/env.json says that the two servers are: on the host, as a container sees it.
HOST, DYNAMODB_PORT, MOTO_PORT = "host.docker.internal", 8000, 5000


def variables(dynamodb_port=DYNAMODB_PORT, moto_port=MOTO_PORT):
    """The variables of local/env.json, for servers on these ports of this machine and no container."""
    text = ENVIRONMENT.read_text()
    for port, here in [(DYNAMODB_PORT, dynamodb_port), (MOTO_PORT, moto_port)]:
        text = text.replace(f"{HOST}:{port}", f"127.0.0.1:{here}")
    return json.loads(text)["Parameters"]


def create(url):
    """Makes the queues and platform applications at `url`."""
    named = variables()
    sqs, sns = stack.client("sqs", url), stack.client("sns", url)
    for variable, value in named.items():
        if variable.endswith("_QUEUE_URL"):
            sqs.create_queue(QueueName=value.rsplit("/", 1)[-1])
        if variable.endswith("_APPLICATION_ARN"):
            platform, name = value.split("/")[-2:]
            sns.create_platform_application(Name=name, Platform=platform, Attributes={})


@contextlib.contextmanager
def queues_and_pushes(folder, host="127.0.0.1", port=None):
    """moto with all of them. Its URL."""
    with push_service(folder, host, port) as url:
        create(url)
        yield url


def serve(host):
    """Until somebody ends this process."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory() as folder, queues_and_pushes(Path(folder), host, MOTO_PORT) as url:
        print(f"SQS and SNS on {url}; what was sent shows at {url}/moto-api/. Ctrl-C stops them.", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    serve(*sys.argv[1:] or ["127.0.0.1"])
