#!/bin/sh
# Batches of mParticle's web SDK do not conform to the JSON schema that mParticle publishes for its Events API.
#
# Expected: what mParticle's own SDK sends is valid by
#           https://docs.mparticle.com/schema/mparticle.inbound.eventsapi.schema.json, so that somebody who checks batches
#           with it (in a proxy, a test, or behind a webhook) keeps those of web pages.
# Happens:  three things are refused. `mpid` is a string, not an integer; `promotion_action.action` is 1 or 2, not "view"
#           or "click"; and a crash report has no `severity`, which is required.
# Tried:    @mparticle/web-sdk 2.68.0 in jsdom 29.1.1, with ajv 8.17.1, on Node.js 20.20.2, 2026-11-27.
# Output:   schema: as published
#           as sent                                refused
#           with all three corrected               valid
#           only the mpid as sent                  refused
#           only the promotion's action as sent    refused
#           only the crash report as sent          refused
#
# The schema comes from mParticle's site, or from the file SCHEMA=… . Where neither is there, the script uses an excerpt: the
# three rules above, written by hand. The page of the visit is at example.com, and its `fetch` sends nothing.
set -eu
schema=${SCHEMA:-}
case $schema in /* | "") ;; *) schema=$PWD/$schema ;; esac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @mparticle/web-sdk@2.68.0 jsdom@29.1.1 ajv@8.17.1 \
  >/dev/null || exit 2
url=https://docs.mparticle.com/schema/mparticle.inbound.eventsapi.schema.json
[ -n "$schema" ] || { schema=$folder/published.json && curl --silent --fail --max-time 20 -o "$schema" "$url"; } || schema=

cat >try.js <<'PROGRAM'
const { readFileSync } = require("node:fs");
const Ajv = require("ajv");
const { JSDOM } = require("jsdom");

const EXCERPT = {
  properties: {
    mpid: { type: ["integer", "null"] },
    events: {
      items: {
        properties: {
          data: { properties: { promotion_action: { properties: { action: { enum: ["view", "click"] } } } } },
        },
        if: { properties: { event_type: { const: "crash_report" } } },
        then: { properties: { data: { required: ["severity", "message"] } } },
      },
    },
  },
};
const path = process.argv[2];
console.log("schema:", path ? "as published" : "an excerpt of its rules");
const isValid = new Ajv({ strict: false, validateFormats: false }).compile(
  path ? JSON.parse(readFileSync(path, "utf8")) : EXCERPT,
);

const { window } = new JSDOM("<!doctype html>", { url: "https://shop.example.com/", runScripts: "outside-only" });
const batches = [];
window.fetch = async (address, request) => {
  if (address.endsWith("/v1/identify")) {
    const known = { context: null, mpid: "-7346244611012968789", matched_identities: {}, is_ephemeral: false };
    return new Response(JSON.stringify(known), { status: 200 });
  }
  batches.push(JSON.parse(request.body));
  if (request.body.includes("session_end")) setImmediate(judge);
  return new Response(null, { status: 202 });
};
window.mParticle = { config: { requestConfig: false, logLevel: "none" } };
window.eval(readFileSync(require.resolve("@mparticle/web-sdk/dist/mparticle.js"), "utf8"));
const { mParticle } = window;
mParticle.init("a-key", mParticle.config);
mParticle.ready(() => {
  const { createPromotion, logPromotion } = mParticle.eCommerce;
  logPromotion(mParticle.PromotionType.PromotionClick, createPromotion("p-1"));
  mParticle.logError("something broke");
  mParticle.endSession();
});

function judge() {
  const of = (kind) => batches.find((batch) => batch.events[0].event_type === kind);
  // Both events in one batch, as the SDK sends them when its batches are larger.
  const sent = { ...of("commerce_event"), events: [...of("commerce_event").events, ...of("crash_report").events] };
  const words = { 1: "view", 2: "click" };
  const corrections = {
    "the mpid": (batch) => (batch.mpid = -7346244611012968),
    "the promotion's action": (batch) => {
      const action = batch.events[0].data.promotion_action;
      action.action = words[action.action];
    },
    "the crash report": (batch) => (batch.events[1].data.severity = "error"),
  };
  const without = (left) => {
    const batch = structuredClone(sent);
    for (const [name, correct] of Object.entries(corrections)) if (name !== left) correct(batch);
    return isValid(batch);
  };
  const seen = [["as sent", isValid(sent)], ["with all three corrected", without(null)]];
  for (const name of Object.keys(corrections)) seen.push([`only ${name} as sent`, without(name)]);
  for (const [name, valid] of seen) console.log(name.padEnd(38), valid ? "valid" : "refused");
  process.exit(String(seen.map(([, valid]) => valid)) === "false,true,false,false,false" ? 0 : 1);
}
PROGRAM
node try.js "$schema"
