"""The first query of `get`: a strongly consistent GetItem."""

import os

from runtime import client, serve, subject

table = os.environ["ADDRESS_BOOKS_TABLE"]


def handler(event):
    key = {"user_id": {"S": subject(event)}, "book": {"S": "g"}}
    item = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    return len(item["contacts"]["B"])


serve(handler)
