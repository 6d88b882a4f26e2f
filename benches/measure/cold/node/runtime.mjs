// Lambda's loop, and a client of DynamoDB through the AWS SDK v3.

import http from "node:http";
import { createRequire } from "node:module";

export const require = createRequire(`${process.env.MEASURE_TOOLS}/node/`);
export const dynamodb = require("@aws-sdk/client-dynamodb");
export const client = new dynamodb.DynamoDBClient({});

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, method, path, agent }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

export function subject(event) {
  return event.requestContext.authorizer.jwt.claims.sub;
}

export async function serve(handler) {
  for (;;) {
    const polled = await call("GET", "/2018-06-01/runtime/invocation/next");
    const id = polled.headers["lambda-runtime-aws-request-id"];
    const body = JSON.stringify(await handler(JSON.parse(polled.body)));
    await call("POST", `/2018-06-01/runtime/invocation/${id}/response`, JSON.stringify({ statusCode: 200, body }));
  }
}
