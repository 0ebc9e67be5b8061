// A server that uses mParticle's SDK for Node.js: server_sdk.js URL < {"single": [[CUSTOMER, ITEM], …], "bulk": …}.
// Each known customer looks at an item.
"use strict";

const { readFileSync } = require("node:fs");
const mParticle = require("mparticle");

const api = new mParticle.EventsApi(new mParticle.Configuration("till-key", "till-secret"));
api.apiClient.basePath = process.argv[2] + "/v2";

function batch([customer, item]) {
  const product = new mParticle.Product();
  product.id = item;
  product.name = "Lamp";
  product.price = 19.5;
  const view = new mParticle.CommerceEvent();
  view.product_action = new mParticle.ProductAction("view_detail");
  view.product_action.products = [product];
  view.timestamp_unixtime_ms = Date.now();
  const whole = new mParticle.Batch(mParticle.Batch.Environment.production);
  whole.user_identities = new mParticle.UserIdentities();
  whole.user_identities.customerid = customer;
  whole.addEvent(view);
  return whole;
}

function failIf(error) {
  if (error) throw error;
}

const views = JSON.parse(readFileSync(0, "utf8"));
for (const each of views.single) api.uploadEvents(batch(each), failIf);
api.bulkUploadEvents(views.bulk.map(batch), failIf);
