// The usage example that mParticle publishes with its SDK for Node.js, as it is but for the place and the keys:
// usage_example.js URL.
"use strict";

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { runInThisContext } = require("node:vm");

const path = createRequire(__filename).resolve("mparticle/usage_example.js");
const ApiClient = require("mparticle/src/ApiClient");
const text = readFileSync(path, "utf8")
  .replace(/^#!.*/, "")
  .replace("REPLACE WITH API KEY", "till-key")
  .replace("REPLACE WITH API SECRET", "till-secret");

const call = ApiClient.prototype.callApi;
ApiClient.prototype.callApi = function (...request) {
  this.basePath = process.argv[2] + "/v2";
  return call.apply(this, request);
};
runInThisContext(`(function (require) {${text}\n})`, path)(createRequire(path));
