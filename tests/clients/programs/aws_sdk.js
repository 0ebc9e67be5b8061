// A program that uses the AWS SDK for JavaScript v3 and knows nothing of local services: aws_sdk.js < {"user", "item",
// "campaign", "tracking", "stream", "record"}. It prints what it was answered.
"use strict";

const { readFileSync } = require("node:fs");
const { KinesisClient, PutRecordCommand } = require("@aws-sdk/client-kinesis");
const { ListCampaignsCommand, PersonalizeClient } = require("@aws-sdk/client-personalize");
const { PersonalizeEventsClient, PutEventsCommand } = require("@aws-sdk/client-personalize-events");
const { GetRecommendationsCommand, PersonalizeRuntimeClient } = require("@aws-sdk/client-personalize-runtime");
const { NodeHttpHandler } = require("@smithy/node-http-handler");

async function main({ user, item, campaign, tracking, stream, record }) {
  const { campaigns } = await new PersonalizeClient().send(new ListCampaignsCommand());
  const event = { eventId: `js-${item}`, eventType: "view_detail", itemId: item, sentAt: new Date() };
  await new PersonalizeEventsClient().send(
    new PutEventsCommand({ trackingId: tracking, userId: user, sessionId: user, eventList: [event] }),
  );
  const { itemList } = await new PersonalizeRuntimeClient().send(
    new GetRecommendationsCommand({ campaignArn: campaign, userId: user, numResults: 5 }),
  );
  // Without a handler of its own, this client speaks HTTP/2.
  const kinesis = new KinesisClient({ requestHandler: new NodeHttpHandler() });
  const { ShardId } = await kinesis.send(
    new PutRecordCommand({ StreamName: stream, PartitionKey: user, Data: Buffer.from(record) }),
  );
  console.log(JSON.stringify({ campaigns: campaigns.map((each) => each.campaignArn), itemList, ShardId }));
}

main(JSON.parse(readFileSync(0, "utf8")));
