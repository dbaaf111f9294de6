import assert from "node:assert/strict";
import { base, journey, numericTags, open, until } from "./harness.mjs";

const PAGES = ["#/overview", "#/tags", "#/trend", "#/devices", "#/system"];

journey("devices are listed with the state the node gives them", {}, async (page) => {
  const devices = await (await fetch(`${base}/api/v1/devices`)).json();
  assert.ok(devices.length > 0, "the plant must have a device");
  await open(page, "#/devices");
  for (const { device } of devices) {
    const row = page.locator(`[data-testid="device-row"][data-device="${device}"]`);
    await row.first().waitFor();
    const state = await row.first().locator('[data-testid="device-state"]').innerText();
    assert.match(state, /Online|Connecting|Degraded|Offline|Disabled/);
  }
  await page.locator('[data-testid="device-row"] a.head').first().click();
  await page.locator('[data-testid="device-page"]').waitFor();
  await page.locator('[data-testid="device-tabs-diagnostics"]').click();
  await page.getByText("Skipped cycles").first().waitFor();
});

journey("the system page tells how the shaft is", {}, async (page) => {
  await open(page, "#/system");
  await page.locator('[data-testid="shaft"]').getByText("writing").waitFor();
  await page.locator('[data-testid="revision"]').waitFor();
});

journey("the theme flips and is remembered", { colorScheme: "light" }, async (page) => {
  await open(page, "#/overview");
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await theme(), "light");
  await page.locator('[data-testid="theme"]').click();
  await until(page, () => document.documentElement.dataset.theme === "dark");
  await page.reload();
  await until(page, () => document.documentElement.dataset.theme === "dark");
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 1024, 1440]) {
    journey(`nothing is wider than ${width} px (${colorScheme})`, { colorScheme, viewport: { width, height: 844 } }, async (page) => {
      const [tag] = await numericTags(1);
      for (const hash of [...PAGES, `#/trend?tag=${encodeURIComponent(tag.tag)}&range=15m`, `#/tags?tag=${encodeURIComponent(tag.tag)}`]) {
        await open(page, hash);
        await until(page, () => document.querySelector('[data-testid="loading"]') === null);
        const over = await page.evaluate(() => {
          const main = document.getElementById("content");
          return Math.max(document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth);
        });
        assert.ok(over <= 0, `${hash} is ${over} px too wide`);
      }
    });
  }
}

journey("a dead line is said so within seconds, and comes back by itself", {}, async (page) => {
  let held = false;
  await page.routeWebSocket(/\/api\/v1\/live$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => server.send(message));
    server.onMessage((message) => held || socket.send(message));
  });
  await open(page, "#/overview");
  held = true;
  await page.locator('[data-testid="conn-state"][data-state="stale"]').waitFor();
  await page.locator('[data-testid="stale-banner"]').waitFor();
  held = false;
  await page.locator('[data-testid="conn-state"][data-state="live"]').waitFor();
  await page.locator('[data-testid="stale-banner"]').waitFor({ state: "detached" });
});

journey("the navigation reaches every screen in one step", {}, async (page) => {
  await open(page, "#/overview");
  for (const name of ["tags", "trend", "devices", "system", "overview"]) {
    await page.locator(`[data-testid="nav-${name}"]`).click();
    await page.locator(`[data-testid="${name}"]`).waitFor();
  }
});
