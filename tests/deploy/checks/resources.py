"""The resources that the template becomes, and the anchors of the documents' headings."""

import functools
import re

from transform import TEMPLATE, transformed

ROOT = TEMPLATE.parent
PAGE = (ROOT / "docs/OPERATIONS.md").read_text()
REQUIRED = {"Issuers": "https://securetoken.google.com/example example"}
IN_STEPS = {"DeploymentPreference": "Canary10Percent10Minutes", "AlarmEmail": "team@example.com"}


def resources(kind, **values):
    """The resources of a type after the transform, by logical id."""
    made = all_resources(tuple(values.items()))
    return {name: resource for name, resource in made.items() if resource["Type"] == kind}


@functools.lru_cache
def all_resources(values=()):
    return transformed({**REQUIRED, **dict(values)})["Resources"]


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
