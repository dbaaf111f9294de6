// The service worker: the page starts without its node, and says so, instead of the browser saying that there is nothing.
//
// - The page itself: from the node, and from here when it does not answer within two seconds.
// - Its files have the hash of their content in their names: from here, else from the node, and kept.
// - What the node says (/api, /metrics, /health, /ready) is never kept and never touched.
// - A version keeps what belongs to it in a cache of its own. A new one waits until no tab is in the middle of
//   something (lib/offline.ts asks them all), then takes over; the tabs load anew.
const VERSION = __VERSION__;
const FILES = __FILES__;

const NAME = "lineshaft-";
const CACHE = NAME + VERSION;
const PAGE_MS = 2_000;
const BESIDES = ["manifest.webmanifest", "icons/icon-192.png"];

/** An address below the folder this worker is in: the node may be behind a proxy, under a prefix. */
const at = (name) => new URL(name, self.registration.scope).href;

self.addEventListener("install", (event) => event.waitUntil(install()));

async function install() {
  const cache = await caches.open(CACHE);
  const page = await fetch(at("./"), { cache: "no-cache" });
  if (!page.ok) throw new Error(`the page answered ${page.status}`);
  const text = await page.clone().text();
  // Without these nothing starts; all others may come when they are used.
  const first = FILES.filter((file) => text.includes(file));
  if (first.length === 0) throw new Error("the page is of another version");
  await cache.addAll(first.map(at));
  await cache.put(at("./"), page);
  const rest = [...FILES.filter((file) => !first.includes(file)), ...BESIDES];
  await Promise.allSettled(rest.map((file) => cache.add(at(file))));
}

self.addEventListener("activate", (event) => event.waitUntil(clear()));

async function clear() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(NAME) && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener("message", (event) => {
  if (event.data === "take-over") event.waitUntil(self.skipWaiting());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || !url.href.startsWith(at("./"))) return;
  const name = url.pathname.slice(new URL(at("./")).pathname.length);
  if (request.mode === "navigate") {
    if (name === "" || name === "index.html") event.respondWith(page(request));
  } else if (name.startsWith("assets/")) {
    event.respondWith(file(request));
  } else if (BESIDES.includes(name) || name.startsWith("icons/")) {
    event.respondWith(fetch(request).catch(() => kept(request)));
  }
});

async function page(request) {
  const cached = await (await caches.open(CACHE)).match(at("./"));
  if (cached === undefined) return fetch(request);
  try {
    // By its address: a request of the browser's own to go there takes no signal.
    const answer = await fetch(at("./"), { cache: "no-cache", signal: AbortSignal.timeout(PAGE_MS) });
    // Where a proxy leads elsewhere, the browser has to go there itself.
    if (answer.redirected) return fetch(request);
    // A proxy before a node that is gone answers too.
    return answer.status >= 500 ? cached : answer;
  } catch {
    return cached;
  }
}

async function file(request) {
  const cache = await caches.open(CACHE);
  const cached = await cache.match(request);
  if (cached !== undefined) return cached;
  const answer = await fetch(request);
  // A proxy's page that asks who one is comes in the place of a file too: that is not kept.
  const isPage = (answer.headers.get("content-type") ?? "").startsWith("text/html");
  if (answer.ok && !answer.redirected && !isPage) await cache.put(request, answer.clone());
  return answer;
}

async function kept(request) {
  return (await (await caches.open(CACHE)).match(request)) ?? Response.error();
}
