"""The template as CloudFormation sees it, after SAM's transform: python transform.py NAME=VALUE... > FILE

The values are parameters of the template. SAM reads some of them itself; the rest stay references.
"""

import json
import logging
import os
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).resolve().parents[3] / "template.yaml"


class NoManagedPolicies:
    """The template names AWS's own policies by their ARN, so there are none to look up in an account."""

    def load(self):
        return {}


def transformed(values):
    """The template's CloudFormation, with the functions' packages in a bucket as `sam deploy` puts them there."""
    template = yaml_parse(TEMPLATE.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/" + resource["Properties"]["CodeUri"]
    defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items() if "Default" in parameter}
    unknown = values.keys() - template["Parameters"].keys()
    if unknown:
        raise SystemExit(f"template.yaml has no parameter {', '.join(unknown)}")
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    # It keeps count of what it does for AWS, and complains that nobody asks.
    logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)
    return transform(template, {**defaults, **values}, NoManagedPolicies())


if __name__ == "__main__":
    json.dump(transformed(dict(value.split("=", 1) for value in sys.argv[1:])), sys.stdout, indent=1)
