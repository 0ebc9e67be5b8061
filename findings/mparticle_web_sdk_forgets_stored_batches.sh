#!/bin/sh
# mParticle's web SDK empties its offline storage when a page is left or hidden, whether or not the batches are sent.
#
# Expected: with the feature flag `offlineStorage`, a batch that could not be uploaded stays in the browser's localStorage
#           until an upload succeeds. When the page is left, the SDK hands it to `navigator.sendBeacon`. Where that returns
#           false, the browser has not taken it (https://w3c.github.io/beacon/: more than 64 KiB are waiting), so it should
#           stay, and be sent by the next page.
# Happens:  the SDK empties localStorage first, and does not look at what `sendBeacon` returns. The batch is gone. If the
#           page just vanishes instead, the next one sends it.
# Tried:    @mparticle/web-sdk 2.68.0 in jsdom 29.1.1, on Node.js 20.20.2, 2026-11-28.
# Output:   while uploads fail with 503            stored: 1 batch, with "Looked at a lamp"
#           the next page, if that one vanishes    sent: "Looked at a lamp", "Back again"
#           the page is left, sendBeacon: false    stored: 0 batches
#           the next page then                     sent: "Back again"
#
# All pages are at example.com, and their `fetch` and `sendBeacon` send nothing. The SDK does not store what it hands to
# `sendBeacon`, because batches arrived twice (mParticle/mparticle-web-sdk#784): that is about a beacon that is taken.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @mparticle/web-sdk@2.68.0 jsdom@29.1.1 \
  >/dev/null || exit 2

cat >try.js <<'PROGRAM'
const { readFileSync } = require("node:fs");
const { JSDOM } = require("jsdom");

const SDK = readFileSync(require.resolve("@mparticle/web-sdk/dist/mparticle.js"), "utf8");
const FLAGS = { eventBatchingIntervalMillis: "500", offlineStorage: "100" };
const LAMP = "Looked at a lamp";
const KNOWN = { context: null, mpid: "-7346244611012968789", matched_identities: {}, is_ephemeral: false };

function open({ status, storage }) {
  const { window } = new JSDOM("<!doctype html>", { url: "https://shop.example.com/", runScripts: "outside-only" });
  for (const [key, value] of Object.entries(storage)) window.localStorage.setItem(key, value);
  const page = { window, sent: [] };
  window.fetch = async (address, request) => {
    if (address.endsWith("/v1/identify")) return new Response(JSON.stringify(KNOWN), { status: 200 });
    if (status < 300) page.sent.push(...names(JSON.parse(request.body)));
    return new Response(null, { status });
  };
  window.navigator.sendBeacon = () => false;
  window.mParticle = { config: { requestConfig: false, logLevel: "none", workspaceToken: "shop", flags: FLAGS } };
  window.eval(SDK);
  window.mParticle.init("a-key", window.mParticle.config);
  return page;
}

const names = (batch) => batch.events.map((event) => event.data.event_name).filter(Boolean);
const stored = ({ window }) =>
  Object.entries({ ...window.localStorage })
    .filter(([key]) => key.includes("batches"))
    .flatMap(([, value]) => (value ? JSON.parse(value) : []));
const said = (batches) => `${batches.length} batch${batches.length === 1 ? "" : "es"}`;

async function until(condition) {
  for (let rounds = 0; rounds < 600; rounds += 1) {
    if (condition()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  console.error("what was waited for did not come");
  process.exit(2);
}

async function visit(storage, words) {
  const page = open({ status: 202, storage });
  page.window.mParticle.logEvent("Back again");
  await until(() => page.sent.includes("Back again"));
  console.log(words.padEnd(38), `sent: ${page.sent.map((name) => `"${name}"`).join(", ")}`);
  page.window.close();
  return page.sent;
}

async function main() {
  const first = open({ status: 503, storage: {} });
  first.window.mParticle.logEvent(LAMP);
  await until(() => stored(first).flatMap(names).includes(LAMP));
  console.log("while uploads fail with 503".padEnd(38), `stored: 1 batch, with "${LAMP}"`);
  const instead = await visit({ ...first.window.localStorage }, "the next page, if that one vanishes");
  first.window.dispatchEvent(new first.window.Event("pagehide"));
  const left = stored(first);
  console.log("the page is left, sendBeacon: false".padEnd(38), `stored: ${said(left)}`);
  const then = await visit({ ...first.window.localStorage }, "the next page then");
  process.exit(instead.includes(LAMP) && left.length === 0 && !then.includes(LAMP) ? 0 : 1);
}
main();
PROGRAM
node try.js
