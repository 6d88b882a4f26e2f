// An upload in the usual design. It reads the contacts that are there, and writes those that
// differ, one item for each.

import { isDeepStrictEqual } from "node:util";

import { client, dynamodb, require, serve, subject } from "./runtime.mjs";

const { parsePhoneNumberFromString } = require("libphonenumber-js");
const { BASELINE_CONTACTS_TABLE: table, HOME_REGION: region } = process.env;

function canonical(phone) {
  return parsePhoneNumberFromString(phone, region).number.slice(1);
}

async function contacts(user) {
  const there = new Map();
  const pages = dynamodb.paginateQuery(
    { client },
    { TableName: table, KeyConditionExpression: "user_id = :user", ExpressionAttributeValues: { ":user": { S: user } } },
  );
  for await (const { Items } of pages) {
    for (const item of Items) there.set(item.phone.S, item);
  }
  return there;
}

await serve(async (event) => {
  const user = subject(event);
  const there = await contacts(user);
  let created = 0;
  const writes = [];
  for (const contact of JSON.parse(event.body).contacts) {
    const phone = canonical(contact.phone);
    const Item = {
      user_id: { S: user },
      phone: { S: phone },
      name: { S: contact.name },
      phone_as_uploaded: { S: contact.phone },
    };
    if (!isDeepStrictEqual(there.get(phone), Item)) {
      if (!there.has(phone)) created += 1;
      writes.push({ PutRequest: { Item } });
    }
  }
  for (let start = 0; start < writes.length; start += 25) {
    const batch = writes.slice(start, start + 25);
    await client.send(new dynamodb.BatchWriteItemCommand({ RequestItems: { [table]: batch } }));
  }
  return { created, updated: writes.length - created };
});
