// The service worker: the page starts without its node, and says so, instead of the browser saying that there is nothing.
//
// - The page itself: from the node, and from here when it does not answer within two seconds.
// - Its files have the hash of their content in their names: from here, else from the node, and kept.
// - What the node says (/api, /metrics, /health, /ready) is never kept and never touched.
// - A version keeps what belongs to it in a cache of its own. A new one waits until no tab is in the middle of
//   something (lib/offline.ts asks them all), then takes over; the tabs load anew.
const VERSION = "3d5741163bdb3352";
const FILES = ["assets/Account-C06gu8VR.js","assets/Account-EuLM-dUO.css","assets/Audit-C0uA3N-b.js","assets/Audit-NJQRgQv1.css","assets/CodeArea-CDd9MRai.css","assets/CodeArea-gT5e_2e7.js","assets/Combobox-BcrPe4od.js","assets/Combobox-Dp5sa8mV.css","assets/CopyButton-Cimjo-QT.js","assets/CopyText-BwSRHqla.css","assets/CopyText-Ct-gifOc.js","assets/DataTable-CInmtT9C.css","assets/DataTable-D5Psu202.js","assets/Denied-CRkQsZYU.css","assets/Denied-c0Mptv2h.js","assets/Devices-CKfH9boE.css","assets/Devices-CZP_Qxpd.js","assets/Dialog-BOO9CBCs.js","assets/Dialog-DNsoqwIM.css","assets/Doctor-D2j-4yAB.js","assets/Doctor-DLf5z7tC.css","assets/Drawer-BAFq6uOP.js","assets/Drawer-DR8PR7x-.css","assets/Due-C2Uz0FfJ.css","assets/Due-DnP3cdC7.js","assets/Fact-B6S9piPR.js","assets/Fact-LVi1Vx7c.css","assets/Field-BrJ9Uf8Y.js","assets/Field-mMFsXudn.css","assets/Gallery-Cu1RP1YP.css","assets/Gallery-ZKWK8a3u.js","assets/Gate-BqTFeetB.js","assets/Gate-DXDklEMA.css","assets/Gauge-B7WRNf71.js","assets/Gauge-CH82la2C.css","assets/Help-DB2tmACJ.js","assets/Help-DpWNTfyM.css","assets/Icon-833pjnVu.js","assets/Icon-yQRWWQZW.css","assets/Licences-CM58Y9Cp.js","assets/Licences-DRkyuSsd.css","assets/Login-4Z3LwMZP.js","assets/Login-CWEINP5F.css","assets/Logo-CEd6oKPV.css","assets/Logo-CTEz_x0w.js","assets/Logs-B_wWi9Pf.js","assets/Logs-D039b33a.css","assets/Manual-D0RmDLim.js","assets/Manual-dr7-p4NR.css","assets/Menu-98hRER-0.css","assets/Menu-QZj3iIj3.js","assets/MiniTrend-BuXhrvic.js","assets/MiniTrend-C_uCWVuP.css","assets/MistakeList-BM_Q2hMC.css","assets/MistakeList-DLnT_kP6.js","assets/NewPassword-CjJs4iP_.js","assets/NewPassword-Dqwsc8bR.css","assets/Notice-Bdn50Tfd.css","assets/Notice-oqdFG_rg.js","assets/Overview-C6TqtFqC.js","assets/Overview-DIdMHzMG.css","assets/PasswordChange-BVoT_enb.css","assets/PasswordChange-DPR-GiLP.js","assets/PenMark-B6KsVATZ.js","assets/PenMark-Dl8V_FF_.css","assets/People-BHqz1LPj.css","assets/People-BynOuswP.js","assets/Popover-vwW_Yu6P.js","assets/Progress-Cx7TuFZZ.css","assets/Progress-ZHKk_PYb.js","assets/Prose-DOng1xEN.css","assets/Prose-DyMr95T3.js","assets/QrCode-CZuIEQ7i.css","assets/QrCode-DaTWgvQ7.js","assets/ReasonDialog-kybGk6su.js","assets/ReasonDialog-ny8qtkAC.css","assets/Revisions-B6XSu5r7.css","assets/Revisions-D0XPrfmO.js","assets/Security-BpxW4Er2.js","assets/Security-D_RJ_Koh.css","assets/Segmented-BdNGg1LQ.css","assets/Segmented-TJ1EkX6S.js","assets/Select-CAHooXGS.js","assets/Select-CJ40KpPc.css","assets/Settings-BYfQ6sMM.css","assets/Settings-CzaWA_kt.js","assets/Setup-Cc60hcnD.js","assets/Setup-DuTzAjSr.css","assets/Spark-4yBYSnTY.js","assets/Spark-DMuIeQK1.css","assets/Storage-BouPvH4u.css","assets/Storage-EhcWyTKF.js","assets/System-BfJd_GMr.css","assets/System-DxSgIh62.js","assets/Tabs-BpMFeYLU.js","assets/Tabs-D1smKvLl.css","assets/Tags-B5m8g-F2.js","assets/Tags-pHNIjbQv.css","assets/Trend-CYIVGxb8.js","assets/Trend-DL3zFprU.css","assets/WhyField-Bo1txfw4.js","assets/Words-BcNLOZIB.js","assets/Words-Dw9wyUJk.css","assets/WriteForm-0ZaUODtA.css","assets/WriteForm-Cv4JX00F.js","assets/audit-ChakFS9N.js","assets/auditwords-DY5iy84A.js","assets/base-Jkzjy8U-.js","assets/copy-BVvuy0UG.js","assets/create-id-CDyCdfk3.js","assets/devices-Cv1kjc5L.js","assets/dialog-content-CWaZ3RbA.js","assets/difference-C7FtZn1q.js","assets/favicon-kqDoZdpB.svg","assets/format-D_XXhHzz.js","assets/gallery-D9JfXq_l.js","assets/home-DWsCO07G.js","assets/index-BXpYXddk.js","assets/index-Id6RLruv.css","assets/legacy-BK90qboO.js","assets/live.svelte-zi5lA-Cp.js","assets/locale.svelte-DkPRNyxR.js","assets/manual-BikY-WUg.js","assets/manual-D1kEgnv2.js","assets/node.svelte-CkRsdMJ1.js","assets/operate-BL06KITt.js","assets/people-CsQtn_C2.js","assets/polled.svelte-C27ET_tI.js","assets/popper-layer-force-mount-CgusnryQ.js","assets/quality-BARgsqL7.js","assets/revisions-CjULZDqT.js","assets/revisions-SXKOrMB-.js","assets/router.svelte-JTqnL4SK.js","assets/roving-focus-group-BJDMaokQ.js","assets/rows-BLfBk0bt.js","assets/scroll-lock-Cftw3O79.js","assets/security-DMsPDmzO.js","assets/series-C93TTjuz.js","assets/settings-C-3pk8_v.js","assets/settings.svelte-C6t2edNU.js","assets/shell-JP6Uyspt.js","assets/system-BPwm5N8h.js","assets/tags-BRJP67-R.js","assets/theme.svelte-D2HhKhsJ.js","assets/trend-BNJIwSiw.js","assets/unapplied.svelte-Dkh9vSHn.js","assets/words-DSMkYAmx.js","assets/words-de-ButnKhg9.js","assets/zone-DWUdx0lh.js"];

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
