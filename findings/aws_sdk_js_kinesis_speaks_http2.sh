#!/bin/sh
# In the AWS SDK for JavaScript v3, the Kinesis client speaks HTTP/2 to plain http:// endpoints, without asking the server.
#
# Expected: a client works with a server of HTTP/1.1 at an http:// endpoint, as most clients of this SDK do.
# Happens:  client-kinesis begins with HTTP/2 ("prior knowledge"), so that it fails with every emulator that speaks HTTP/1.1.
#           client-personalize works with the same server. With `requestHandler: new NodeHttpHandler()`, client-kinesis works, too.
#           Known: github.com/mhart/kinesalite/issues/118.
# Tried:    @aws-sdk/client-kinesis 3.1143.0, client-personalize 3.1138.0 and @smithy/node-http-handler 4.14.2
#           on Node.js 20.20.2, 2026-11-27.
# Output:   client-personalize                    works
#           client-kinesis                        ERR_HTTP2_ERROR Protocol error
#           client-kinesis with NodeHttpHandler   works
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @aws-sdk/client-kinesis@3.1143.0 \
  @aws-sdk/client-personalize@3.1138.0 @smithy/node-http-handler@4.14.2 >/dev/null || exit 2

cat >try.js <<'PROGRAM'
const { createServer } = require("node:http");
const { KinesisClient, ListStreamsCommand } = require("@aws-sdk/client-kinesis");
const { ListSolutionsCommand, PersonalizeClient } = require("@aws-sdk/client-personalize");
const { NodeHttpHandler } = require("@smithy/node-http-handler");

const server = createServer((_, response) => response.setHeader("content-type", "application/x-amz-json-1.1").end("{}"));

async function outcome(client, command) {
  try {
    await client.send(command);
    return "works";
  } catch (error) {
    return `${error.code} ${error.message}`;
  }
}

server.listen(0, "127.0.0.1", async () => {
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  const credentials = { accessKeyId: "dummy", secretAccessKey: "dummy" };
  const settings = { endpoint, credentials, region: "us-east-1", maxAttempts: 1 };
  const requestHandler = new NodeHttpHandler();
  const seen = {
    "client-personalize": await outcome(new PersonalizeClient(settings), new ListSolutionsCommand({})),
    "client-kinesis": await outcome(new KinesisClient(settings), new ListStreamsCommand({})),
    "client-kinesis with NodeHttpHandler": await outcome(
      new KinesisClient({ ...settings, requestHandler }),
      new ListStreamsCommand({}),
    ),
  };
  for (const [name, what] of Object.entries(seen)) console.log(name.padEnd(37), what);
  const [personalize, kinesis, handled] = Object.values(seen);
  if (personalize !== "works" || handled !== "works") process.exit(2);
  process.exit(kinesis.startsWith("ERR_HTTP2") ? 0 : 1);
});
PROGRAM
node try.js
