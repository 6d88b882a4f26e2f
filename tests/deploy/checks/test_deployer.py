"""Whether the policies of deploy/deployer.yaml let somebody deploy the template, and nothing more."""

import json
import re
import unittest

from resources import IN_STEPS, ROOT, all_resources, resources
from samtranslator.yaml_helper import yaml_parse


class TheDeployer(unittest.TestCase):
    """deploy/deployer.yaml: IAM has limits, and each kind of resource takes a service."""

    SERVICES = {
        "AWS::ApiGatewayV2": "apigateway",
        "AWS::CloudWatch": "cloudwatch",
        "AWS::CodeDeploy": "codedeploy",
        "AWS::DynamoDB": "dynamodb",
        "AWS::IAM": "iam",
        "AWS::Lambda": "lambda",
        "AWS::Logs": "logs",
        "AWS::SNS": "sns",
        "AWS::SQS": "sqs",
        "AWS::SecretsManager": "secretsmanager",
    }

    def setUp(self):
        self.template = yaml_parse((ROOT / "deploy/deployer.yaml").read_text())
        of_kind = [made for made in self.template["Resources"].values() if made["Type"] == "AWS::IAM::ManagedPolicy"]
        self.policies = [policy["Properties"]["PolicyDocument"] for policy in of_kind]

    def test_a_policy_fits_into_what_iam_allows(self):
        for policy in self.policies:
            text = json.dumps(policy, separators=(",", ":"))
            written_out = re.sub(r"\$\{AWS::Partition\}", "aws", text).replace("${AWS::AccountId}", "123456789012")
            written_out = written_out.replace("${AWS::Region}", "ap-southeast-2").replace("${StackName}", "x" * 41)
            self.assertLess(len(written_out), 6144)

    def test_every_kind_of_resource_can_be_made(self):
        actions = {action for policy in self.policies for statement in policy["Statement"] for action in actions_of(statement)}
        services = {action.split(":")[0] for action in actions}
        made = {resource["Type"] for resource in all_resources(tuple(IN_STEPS.items())).values()}
        self.assertLessEqual({self.SERVICES[kind.rpartition("::")[0]] for kind in made}, services)

    def test_it_reads_no_table_no_queue_and_no_key(self):
        reading = r"dynamodb:(Get|Query|Scan|BatchGet|PartiQL|Export)|sqs:Receive|secretsmanager:GetSecret|lambda:Invoke|kms:"
        for policy in self.policies:
            for statement in policy["Statement"]:
                for action in actions_of(statement):
                    self.assertNotIn("*", action)
                    if action != "dynamodb:GetResourcePolicy":
                        self.assertNotRegex(action, reading)

    def test_it_attaches_the_policies_that_the_transform_does(self):
        attached = {
            json.dumps(arn).rpartition(":policy/")[2].strip('"}')
            for role in resources("AWS::IAM::Role", **IN_STEPS).values()
            for arn in role["Properties"].get("ManagedPolicyArns", [])
        }
        text = json.dumps(self.policies)
        for name in attached:
            self.assertIn(f":policy/{name}", text)


def actions_of(statement):
    statement = statement.get("Fn::If", [None, statement])[1]
    action = statement["Action"]
    return [action] if isinstance(action, str) else action


if __name__ == "__main__":
    unittest.main()
