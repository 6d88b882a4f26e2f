"""The queues and platform applications that local/env.json names, in moto.

tests/deploy/queues-and-pushes runs this for `sam local invoke`.
"""

import contextlib
import json
import tempfile
import threading
from pathlib import Path

import stack
from servers import ROOT, push_service

ENVIRONMENT = ROOT / "local/env.json"
# Where local/env.json says that the two servers are.
DYNAMODB_PORT, MOTO_PORT = 8000, 5000


def variables(dynamodb_port=DYNAMODB_PORT, moto_port=MOTO_PORT):
    """The variables of local/env.json, for servers on these ports."""
    text = ENVIRONMENT.read_text()
    text = text.replace(f"127.0.0.1:{DYNAMODB_PORT}", f"127.0.0.1:{dynamodb_port}")
    return json.loads(text.replace(f"127.0.0.1:{MOTO_PORT}", f"127.0.0.1:{moto_port}"))["Parameters"]


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
def queues_and_pushes(folder, port=None):
    """moto with all of them. Its URL."""
    with push_service(folder, port) as url:
        create(url)
        yield url


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, contextlib.suppress(KeyboardInterrupt):
        with queues_and_pushes(Path(scratch), MOTO_PORT) as at:
            print(f"SQS and SNS on {at}; what was sent is at {at}/moto-api. Ctrl-C stops it.", flush=True)
            threading.Event().wait()
