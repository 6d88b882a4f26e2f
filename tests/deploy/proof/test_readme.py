"""The lines of README.md that make the platform applications, run as they are printed."""

import contextlib
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import stack
from pages import blocks
from servers import TOOLS, environment, push_service


class PlatformApplications(unittest.TestCase):
    """Made by the page, with keys that are none."""

    def test_the_page_makes_them_with_a_role_that_logs_what_failed(self):
        with contextlib.ExitStack() as running:
            folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
            url = running.enter_context(push_service(folder))
            (folder / "service-account.json").write_text(json.dumps({"type": "service_account", "project_id": "example"}))
            (folder / "AuthKey.p8").write_text("-----BEGIN PRIVATE KEY-----\nexample\n-----END PRIVATE KEY-----\n")
            [lines] = blocks("README.md", "Connecting Apple and Google")
            path = f"{TOOLS}/aws/bin:{environment()['PATH']}"
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", lines],
                cwd=folder,
                env=environment(AWS_ENDPOINT_URL=url, AWS_PAGER="", PATH=path),
                capture_output=True,
                text=True,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            made = stack.client("sns", url).list_platform_applications()["PlatformApplications"]
            by_platform = {application["PlatformApplicationArn"].split("/")[1]: application["Attributes"] for application in made}
            self.assertEqual(by_platform.keys(), {"GCM", "APNS"})
            role = stack.client("iam", url).get_role(RoleName="sns-feedback")["Role"]["Arn"]
            for platform, attributes in by_platform.items():
                self.assertEqual(attributes["FailureFeedbackRoleArn"], role, platform)


if __name__ == "__main__":
    unittest.main()
