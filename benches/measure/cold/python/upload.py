"""An upload in the usual design.

It reads the contacts that are there, and writes those that differ, one item for each.
"""

import json
import os

import phonenumbers

from runtime import client, serve, subject

table = os.environ["BASELINE_CONTACTS_TABLE"]
region = os.environ["HOME_REGION"]


def canonical(phone):
    number = phonenumbers.parse(phone, region)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]


def contacts(user):
    pages = client.get_paginator("query").paginate(
        TableName=table, KeyConditionExpression="user_id = :user", ExpressionAttributeValues={":user": {"S": user}}
    )
    return {item["phone"]["S"]: item for page in pages for item in page["Items"]}


def handler(event):
    user = subject(event)
    there = contacts(user)
    created, writes = 0, []
    for contact in json.loads(event["body"])["contacts"]:
        phone = canonical(contact["phone"])
        item = {
            "user_id": {"S": user},
            "phone": {"S": phone},
            "name": {"S": contact["name"]},
            "phone_as_uploaded": {"S": contact["phone"]},
        }
        if there.get(phone) != item:
            created += phone not in there
            writes.append({"PutRequest": {"Item": item}})
    for start in range(0, len(writes), 25):
        client.batch_write_item(RequestItems={table: writes[start : start + 25]})
    return {"created": created, "updated": len(writes) - created}


serve(handler)
