// The page starts without its node: what the service worker keeps, and what it never touches.
import assert from "node:assert/strict";
import { base, id, journey, open } from "./harness.mjs";
import { OPEN, nodeFolder, startNode } from "./programs.mjs";

const OFF = /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|ERR_FAILED|Failed to fetch|WebSocket/;

/** Until the worker has the page and all its files. */
async function kept(page) {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active.state === "activated") return;
    await new Promise((done) => active.addEventListener("statechange", () => active.state === "activated" && done()));
  });
}

journey("the page starts without its node and without a word of the node from the cache", { expected: OFF }, async (page) => {
  await open(page, "#/system");
  await kept(page);
  const stored = await page.evaluate(async () => {
    const all = [];
    for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) all.push(request.url);
    return all;
  });
  assert.ok(stored.some((url) => url === `${base}/`), stored.join("\n"));
  assert.ok(stored.filter((url) => url.includes("/assets/")).length > 10);
  assert.deepEqual(stored.filter((url) => /\/api\/|\/metrics|\/health|\/ready/.test(url)), []);

  await page.context().setOffline(true);
  await page.reload();
  await page.locator("#app > *").first().waitFor();
  assert.notEqual((await page.locator("body").innerText()).trim(), "");
  await page.context().setOffline(false);
  await page.reload();
  await page.locator('[data-testid="conn-state"][data-state="live"]').waitFor();
});

journey("the app can be installed: its manifest and icons are what they say", {}, async (page) => {
  await open(page, "#/overview");
  const manifest = await page.evaluate(async () => {
    const link = document.querySelector('link[rel="manifest"]').href;
    return { link, ...(await (await fetch(link)).json()) };
  });
  assert.equal(manifest.display, "standalone");
  const sizes = await page.evaluate(async ({ link, icons }) => Promise.all(icons.map(async ({ src, sizes }) => {
    const image = await createImageBitmap(await (await fetch(new URL(src, link))).blob());
    return [`${image.width}x${image.height}`, sizes];
  })), manifest);
  for (const [is, says] of sizes) assert.equal(is, says);
});

journey("a page whose node is gone starts from what it kept, says so, and comes back with the node", { expected: OFF }, async (page) => {
  const folder = nodeFolder();
  let node = await startNode({}, { folder });
  try {
    const listen = new URL(node.url).host;
    await open(page, "#/overview", node.url);
    await page.locator(id("first-device")).waitFor();
    await kept(page);
    await node.stop();
    await page.reload();
    await page.locator(id("offline")).waitFor();
    await page.locator(id("offline")).getByText(/Trying again in \d+ s/).waitFor();
    await page.locator(id("nav-overview")).waitFor();
    node = await startNode({ "lineshaft.toml": OPEN.replace("127.0.0.1:0", listen) }, { folder });
    await page.locator(id("try-now")).click().catch(() => {}); // it may have come back by itself meanwhile
    await page.locator('[data-testid="conn-state"][data-state="live"]').waitFor();
    await page.locator(id("first-device")).waitFor();
  } finally {
    await node.end();
  }
});
