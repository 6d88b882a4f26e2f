"""What a stack needs around it: an issuer, a push service with an application for Android, and the emulator."""

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import stack
from issuer import AUDIENCE, Issuer, issuer
from servers import emulator, push_service


@dataclass
class Surroundings:
    folder: Path
    issuer: Issuer
    push_url: str
    url: str
    # The stack's parameters that name the others.
    parameters: dict


@contextlib.contextmanager
def surrounded():
    """Starts everything, and stops it at the end."""
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        known, authority = running.enter_context(issuer(folder))
        push_url = running.enter_context(push_service(folder))
        url = running.enter_context(emulator(folder, push_url, authority))
        sns = stack.client("sns", push_url)
        made = sns.create_platform_application(Name="proof", Platform="GCM", Attributes={})
        parameters = {
            **stack.PARAMETERS,
            "Issuers": f"{known.url} {AUDIENCE}",
            "FcmApplicationArn": made["PlatformApplicationArn"],
        }
        yield Surroundings(folder, known, push_url, url, parameters)
