// A visit to a web shop with mParticle's web SDK: web_visit.js URL CUSTOMER VIEWED BOUGHT.
// The SDK talks to the local mParticle at URL. What it uploads is printed with the answer's status, one batch a line.
"use strict";

const { readFileSync } = require("node:fs");
const { JSDOM } = require("jsdom");

const [url, customer, viewed, bought] = process.argv.slice(2);
const { window } = new JSDOM("<!doctype html><title>Items4U</title>", {
  url: "http://shop.example/",
  runScripts: "outside-only",
});

let waiting = 0;
let isOver = false;
window.fetch = async (address, request) => {
  waiting += 1;
  const answer = await fetch(address, request);
  waiting -= 1;
  if (!address.endsWith("/events")) return answer;
  console.log(JSON.stringify({ status: answer.status, batch: JSON.parse(request.body) }));
  isOver ||= request.body.includes('"session_end"');
  if (isOver && !waiting) process.stdout.write("", () => process.exit()); // the SDK's timers would keep the program up
  return answer;
};

const host = url.replace("http://", "");
const place = { v3SecureServiceUrl: `${host}/v3/JS/`, identityUrl: `${host}/v1/`, forceHttps: false, requestConfig: false };
window.mParticle = { config: { ...place, logLevel: "none", appName: "Items4U", appVersion: "1.0" } };
window.eval(readFileSync(require.resolve("@mparticle/web-sdk/dist/mparticle.js"), "utf8"));
const mParticle = window.mParticle;

function product(id) {
  return mParticle.eCommerce.createProduct("Lamp", id, 19.5, 2, null, "Lighting");
}

function whenKnown() {
  const user = mParticle.Identity.getCurrentUser();
  user.setUserAttribute("$FirstName", "Ann");
  user.setUserAttributeList("sizes", ["S", "M"]);
  user.setUserTag("vip");
  mParticle.eCommerce.logProductAction(mParticle.ProductActionType.AddToCart, product(bought));
  const order = { Id: "T-1", Revenue: 39, Tax: 1.5 };
  mParticle.eCommerce.logProductAction(mParticle.ProductActionType.Purchase, [product(bought)], { pay: "card" }, null, order);
  mParticle.endSession();
}

mParticle.init("web-key", window.mParticle.config);
mParticle.ready(() => {
  const { PromotionType, ProductActionType, eCommerce } = mParticle;
  mParticle.logPageView("Home", { area: "lighting" }, { flags: ["a", "b"] });
  eCommerce.logImpression(eCommerce.createImpression("recs", product(viewed)));
  eCommerce.logProductAction(ProductActionType.ViewDetail, product(viewed));
  for (const type of [PromotionType.PromotionView, PromotionType.PromotionClick]) {
    eCommerce.logPromotion(type, eCommerce.createPromotion("p-1", "banner", "Spring"));
  }
  mParticle.logError("out of lamps");
  const identities = { customerid: customer, email: `${customer}@example.com`, other2: `${customer}-2` };
  mParticle.Identity.login({ userIdentities: identities }, (result) => {
    if (result.httpCode !== 200) throw new Error(JSON.stringify(result));
    whenKnown();
  });
});
