"""Whether the documents agree with the template."""

import json
import re
import subprocess
import tomllib
import unittest

from resources import PAGE, ROOT, all_resources, anchors
from samtranslator.yaml_helper import yaml_parse
from transform import TEMPLATE


class Pages(unittest.TestCase):
    """What the documents say of the template."""

    PAGES = ["README.md", *(f"docs/{page}.md" for page in ("COSTS", "DEPLOYING", "OPERATIONS", "SECURITY"))]

    def test_the_architecture_is_one_for_all_commands(self):
        config = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
        declared = yaml_parse(TEMPLATE.read_text())["Parameters"]["Architecture"]
        self.assertEqual(config["global"]["parameters"]["parameter_overrides"], f"Architecture={declared['Default']}")
        for command in ("build", "deploy", "validate"):
            self.assertNotIn("parameter_overrides", config.get(command, {}).get("parameters", {}))

    def test_queries_ask_for_fields_that_are_logged(self):
        queries = re.findall(r"^```\n((?:fields|filter|stats) .*?)^```", PAGE, flags=re.M | re.S)
        self.assertEqual(len(queries), 7)
        rust = "".join(path.read_text() for folder in ("shared", "functions") for path in (ROOT / folder).rglob("*.rs"))
        access = set(json.loads(all_resources()["ApiStage"]["Properties"]["AccessLogSettings"]["Format"]))
        keywords = {"fields", "filter", "stats", "sort", "limit", "by", "as", "in", "desc"}
        for query in queries:
            words = re.sub(r'"[^"]*"', "", query)
            for name in re.findall(r"\bfields\.(\w+)", words):
                if name != "message":
                    self.assertRegex(rust, rf"tracing::\w+!\([^;]*\b{name}\b", query)
            asked = set(re.findall(r"(?<![@.\w])([a-zA-Z]\w*)(?![\w(.])", words))
            asked -= keywords | access | {"level", "type"} | set(re.findall(r" as (\w+)", words))
            for metric in asked:
                self.assertIn(f'("{metric}", ', rust, query)

    def test_shell_lines_are_shell(self):
        for page in self.PAGES:
            for indent, lines in re.findall(r"^( *)```sh\n(.*?)^ *```", (ROOT / page).read_text(), flags=re.M | re.S):
                plain = "".join(line.removeprefix(indent) for line in lines.splitlines(True))
                done = subprocess.run(["bash", "-n"], input=plain, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, f"{page}: {done.stderr}\n{plain}")

    def test_parameters_and_outputs_that_pages_name_are_there(self):
        template = yaml_parse(TEMPLATE.read_text())
        for page in [*self.PAGES, "docs/API.md", "deploy/github-actions.yaml"]:
            text = (ROOT / page).read_text()
            for name in re.findall(r"\$\((?:old |new )?out (\w+)\)", text):
                self.assertIn(name, template["Outputs"], page)
            deployer = yaml_parse((ROOT / "deploy/deployer.yaml").read_text())["Parameters"]
            for line in re.findall(r"parameter[-_]overrides\W+((?:[^\n]*\\\n)*[^\n]*)", text):
                for name in re.findall(r"\b([A-Z]\w+)=", line):
                    self.assertIn(name, [*template["Parameters"], *deployer], f"{page}: {line}")

    def test_links_inside_and_between_pages_lead_somewhere(self):
        pages = [str(path.relative_to(ROOT)) for folder in (ROOT, ROOT / "docs") for path in folder.glob("*.md")]
        self.assertLess(set(self.PAGES), set(pages))
        for page in pages:
            text = (ROOT / page).read_text()
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"https?:", target):
                    continue
                path, _, anchor = target.partition("#")
                file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
                self.assertTrue(file.exists(), f"{page}: {target}")
                if anchor and file.suffix == ".md":
                    self.assertIn(anchor, anchors(file.read_text()), f"{page}: {target}")

    def test_scripts_that_pages_name_are_there(self):
        for page in [*self.PAGES, "deploy/github-actions.yaml", "CHANGELOG.md"]:
            for name in re.findall(r"\b((?:scripts|deploy|tests/deploy)/[\w.-]+)", (ROOT / page).read_text()):
                self.assertTrue((ROOT / name.rstrip(".")).exists(), f"{page}: {name}")


if __name__ == "__main__":
    unittest.main()
