#!/bin/sh
# Amplify for JavaScript sends a property to Amazon Personalize that Personalize's API reference forbids.
#
# Expected: the properties of an event have none of the keys userId, sessionId, eventType, timestamp, recommendationId and
#           impression (docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html, "properties").
# Happens:  the documented way to say who the user is, record({eventType: "Identify", properties: {userId}}), is itself
#           sent as an event, and its properties hold userId. What Personalize answers was not tried.
# Tried:    @aws-amplify/analytics 7.2.0 with @aws-amplify/core 6.19.2 on Node.js 20.20.2, 2026-11-27.
# Output:   {"eventType":"Identify","sentAt":1795790841.39,"properties":"{\"userId\":\"user-1\"}"}
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @aws-amplify/analytics@7.2.0 \
  @aws-amplify/core@6.19.2 >/dev/null || exit 2

cat >try.js <<'PROGRAM'
const { createServer } = require("node:http");
const { Amplify } = require("@aws-amplify/core");
const { record } = require("@aws-amplify/analytics/personalize");

const server = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    response.writeHead(200, { "content-type": "application/json" }).end();
    const [event] = JSON.parse(body).eventList;
    console.log(JSON.stringify(event));
    process.exit(event.eventType === "Identify" && "userId" in JSON.parse(event.properties) ? 0 : 1);
  });
});
setTimeout(() => process.exit(1), 20_000); // nothing was sent

server.listen(0, "127.0.0.1", () => {
  process.env.AWS_ENDPOINT_URL_PERSONALIZE_EVENTS = `http://127.0.0.1:${server.address().port}`;
  const credentials = { accessKeyId: "dummy", secretAccessKey: "dummy" };
  const credentialsProvider = {
    getCredentialsAndIdentityId: async () => ({ credentials, identityId: "dummy" }),
    clearCredentialsAndIdentityId() {},
  };
  Amplify.configure(
    { Analytics: { Personalize: { trackingId: "tracker", region: "us-east-1", flushInterval: 200 } } },
    { Auth: { credentialsProvider } },
  );
  record({ eventType: "Identify", properties: { userId: "user-1" } });
});
PROGRAM
node try.js
