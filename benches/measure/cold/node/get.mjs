// The first query of `get`: a strongly consistent GetItem.

import { client, dynamodb, serve, subject } from "./runtime.mjs";

await serve(async (event) => {
  const { Item } = await client.send(
    new dynamodb.GetItemCommand({
      TableName: process.env.ADDRESS_BOOKS_TABLE,
      Key: { user_id: { S: subject(event) }, book: { S: "g" } },
      ConsistentRead: true,
    }),
  );
  return Item.contacts.B.length;
});
