"""The bundle, deployed by `sam deploy` as it would be into AWS."""

import json
import subprocess
import time
import urllib.error
import urllib.request

import boto3
import botocore.exceptions

from issuer import AUDIENCE
from servers import REGION, ROOT, TOOLS, environment

NAME = "address-book-proof"
ACCOUNT = "000000000000"
# What a team would set; the issuers and the platform applications come in besides.
PARAMETERS = {
    "Architecture": "x86_64",
    "PushTemplate": "%s is here now",
    "CognitoUserPoolArn": f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_EXAMPLE",
    "AlarmEmail": "alarms@example.com",
    "DomainName": "contacts.example.com",
    "CertificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000",
    "DeletionProtection": "false",
}


def client(service, url):
    return boto3.client(
        service, endpoint_url=url, region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local"
    )


def deploy(url, parameters, name=NAME):
    """Deploys the packages of .aws-sam/build into the emulator at `url`. The stack's outputs."""
    overrides = [f"ParameterKey={name},ParameterValue='{value}'" for name, value in parameters.items()]
    command = [TOOLS / "build/bin/sam", "deploy", "--stack-name", name, "--resolve-s3", "--no-confirm-changeset"]
    command += ["--template-file", ROOT / ".aws-sam/build/template.yaml", "--parameter-overrides", *overrides]
    extra = {"AWS_ENDPOINT_URL": url, "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=environment(**extra), capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"sam deploy failed:\n{done.stderr[-2000:]}\n" + "\n".join(failures(url, name)))
    [stack] = client("cloudformation", url).describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    write_concurrency_as_a_number(client("lambda", url), outputs)
    return outputs


def write_concurrency_as_a_number(functions, outputs):
    """The emulator keeps a number that comes out of a parameter as a text, and then fails to poll the queue.

    It is written for one stack alone: a move knows by its last change since when an event source is off.
    """
    for source in (functions.get_event_source_mapping(UUID=outputs[name]) for name in outputs if name.endswith("SourceId")):
        if "ScalingConfig" in source:
            scaling = {"MaximumConcurrency": int(source["ScalingConfig"]["MaximumConcurrency"])}
            functions.update_event_source_mapping(UUID=source["UUID"], ScalingConfig=scaling)


def failures(url, name):
    """Why which resources weren't made; none if there is no such stack."""
    try:
        events = client("cloudformation", url).describe_stack_events(StackName=name)["StackEvents"]
    except botocore.exceptions.ClientError:
        return []
    failed = (event for event in events if "FAILED" in event["ResourceStatus"])
    return [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed]


def credentials(token):
    """What ConnectyCube's SDKs send to sign in with an OpenID token."""
    app = {"application_id": 1, "auth_key": "proof", "nonce": 7, "timestamp": int(time.time()), "signature": "none"}
    return {**app, "provider": "firebase_phone", "firebase_phone": {"project_id": AUDIENCE, "access_token": token}}


class Api:
    """The API behind the emulator's gateway."""

    def __init__(self, url, api_id):
        self.base = f"{url}/_aws/execute-api/{api_id}/$default"

    def call(self, method, path, token=None, body=None, headers=()):
        """Status, headers and JSON of an answer."""
        request = urllib.request.Request(self.base + path, method=method, headers=dict(headers))
        if token is not None:
            request.add_header("CB-Token", token)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json;charset=utf-8")
        try:
            with urllib.request.urlopen(request, timeout=35) as answer:
                return answer.status, answer.headers, read(answer)
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.status, answer.headers, read(answer)

    def sign_in(self, token):
        """The token of a new session of the user whose OpenID token this is."""
        status, _, answer = self.call("POST", "/session.json", body=credentials(token))
        assert status == 201, (status, answer)
        return answer["session"]["token"]


def read(answer):
    text = answer.read()
    return json.loads(text) if text else None
