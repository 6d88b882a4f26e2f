"""The first query of `get` on Python: Lambda's loop, and a strongly consistent GetItem through boto3."""

import http.client
import json
import os

import boto3

client = boto3.client("dynamodb", verify=os.environ.get("AWS_CA_BUNDLE"))
table = os.environ["ADDRESS_BOOKS_TABLE"]


def handler(event):
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    key = {"user_id": {"S": claims["sub"]}, "book": {"S": "g"}}
    item = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    return {"statusCode": 200, "body": json.dumps(len(item["contacts"]["B"]))}


api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    polled = api.getresponse()
    event = json.loads(polled.read())
    request_id = polled.headers["Lambda-Runtime-Aws-Request-Id"]
    answer = json.dumps(handler(event), separators=(",", ":"))
    api.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", answer)
    api.getresponse().read()
