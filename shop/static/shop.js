// What the shop's pages do: they report by mParticle's web SDK, and show the newest list.
"use strict";

const sdk = window.mParticle;
const KINDS = {
  view_detail: "ViewDetail",
  add_to_cart: "AddToCart",
  remove_from_cart: "RemoveFromCart",
  add_to_wishlist: "AddToWishlist",
  purchase: "Purchase",
};
let mpid = null;
let source = null;
let started = false;

// Links and forms replace the body, by htmx: the SDK stays, with all that it could not deliver yet. As in any browser, a
// page that was asked for earlier and comes late is not shown (hx-sync).
function opened() {
  const page = JSON.parse(document.getElementById("page").textContent);
  mpid = page.mpid || mpid;
  if (sdk && !started) start(page);
  if (sdk) {
    sdk.logPageView(document.title);
    page.events.forEach(report);
  }
  look();
  if (mpid) follow();
}

function start(page) {
  started = true;
  sdk.init(page.key, {
    isDevelopmentMode: false,
    appName: "Items4U",
    appVersion: "1.0",
    workspaceToken: "items4u",
    logLevel: "none",
    // Everything goes to the local mParticle. A real page leaves these out, and gets its configuration from mParticle.
    forceHttps: false,
    requestConfig: false,
    v3SecureServiceUrl: `${page.mparticle}/v3/JS/`,
    identityUrl: `${page.mparticle}/v1/`,
    aliasUrl: `${page.mparticle}/v1/identity/`,
    identityCallback: identified,
  });
}

// The SDK sends nothing before it knows the visitor, and does not ask again by itself.
function identified(result) {
  const user = result.getUser && result.getUser();
  if (user) signedIn(user);
  else setTimeout(() => sdk.Identity.identify({ userIdentities: {} }, identified), 2000);
}

function report(event) {
  const products = event.products.map((one) =>
    sdk.eCommerce.createProduct(
      one.name, one.sku, one.price, one.quantity, one.variant, one.category, one.brand, one.position));
  if (event.kind === "impression") {
    sdk.eCommerce.logImpression({ Name: event.list, Product: products }, event.attributes);
  } else {
    const kind = sdk.ProductActionType[KINDS[event.kind]];
    sdk.eCommerce.logProductAction(kind, products, event.attributes, null, event.transaction || null);
  }
}

// The shop's server reads the list; the browser only says for whom.
async function signedIn(user, more = {}) {
  const now = user && user.getMPID();
  if (!now || (now === mpid && !Object.keys(more).length)) return false;
  const answer = await fetch("/me", { method: "POST", body: new URLSearchParams({ mpid: now, ...more }) });
  if (!answer.ok) return false;
  mpid = now;
  document.getElementById("mpid")?.replaceChildren(now);
  show(await answer.text());
  follow();
  return true;
}

function show(html) {
  const slot = document.getElementById("for-you");
  const hadFocus = slot.contains(document.activeElement);
  slot.outerHTML = html;
  if (window.htmx) htmx.process(document.getElementById("for-you"));
  if (hadFocus) document.getElementById("content").focus();
  look();
}

function follow() {
  if (source) source.close();
  source = new EventSource(`/live?shown=${encodeURIComponent(document.getElementById("for-you").dataset.shown)}`);
  source.addEventListener("for-you", (event) => {
    show(event.data);
    document.getElementById("news").textContent = "The list For you has changed.";
  });
}

// An impression counts when the slot comes into view, once for each list.
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    seen.unobserve(entry.target);
    report(JSON.parse(entry.target.dataset.impression));
  }
}, { threshold: 0.3 });

function look() {
  const slot = document.getElementById("for-you");
  if (slot && sdk) seen.observe(slot);
}

function tick() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const seconds = Math.max(0, Math.round((Date.now() - Number(time.dataset.since)) / 1000));
    time.textContent = seconds < 120 ? `${seconds} s old` : `${Math.round(seconds / 60)} min old`;
  }
}

function sign(call, identities, more) {
  const trouble = document.getElementById("trouble");
  trouble.textContent = "";
  call(identities, async (result) => {
    const user = result.httpCode === 200 && result.getUser();
    if (user && (await signedIn(user, more))) location.assign("/");
    else trouble.textContent = "mParticle does not answer. Try again in a moment.";
  });
}

document.addEventListener("click", (event) => {
  const person = event.target.closest("[data-customer]");
  if (person) {
    const { customer, email } = person.dataset;
    sign(sdk.Identity.login, { userIdentities: { customerid: customer, email } }, { customer_id: customer });
  } else if (event.target.closest("#sign-out")) {
    sign(sdk.Identity.logout, { userIdentities: {} }, { signed_out: "yes" });
  }
});

function replaced() {
  document.getElementById("content").focus({ preventScroll: true });
  document.getElementById("news").textContent = document.title;
  opened();
}

document.body.addEventListener("htmx:afterSettle", (event) => event.target === document.body && replaced());
document.body.addEventListener("htmx:historyRestore", replaced);
opened();
setInterval(tick, 1000);
window.addEventListener("pagehide", () => source && source.close());
