// Draws the icons of the web app from the logo, public/icons/*.png, with the browser the tests use:
// node scripts/icons.mjs. Only needed when the logo changes; what it draws is committed.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../public/icons");
const GROUND = "#2a3138";
/** Size, roundness of the corner, and how much of the side the logo takes: systems cut maskable icons to their own shape. */
const ICONS = [
  { file: "icon-192.png", size: 192, corner: 7, share: 1 },
  { file: "icon-512.png", size: 512, corner: 7, share: 1 },
  { file: "maskable-192.png", size: 192, corner: 0, share: 0.72 },
  { file: "maskable-512.png", size: 512, corner: 0, share: 0.72 },
  { file: "touch-180.png", size: 180, corner: 0, share: 0.86 },
];

function drawing({ size, corner, share }) {
  const shift = (32 * (1 - share)) / 2;
  return `<!doctype html><style>*{margin:0}svg{display:block}</style>
<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 32 32">
  <rect width="32" height="32" rx="${corner}" fill="${GROUND}"/>
  <g transform="translate(${shift} ${shift}) scale(${share})">
    <g fill="none" stroke="#e8ebee" stroke-width="2.4" stroke-linecap="round">
      <path d="M4 10h24"/>
      <circle cx="11" cy="10" r="4.2" fill="${GROUND}"/>
      <path d="M6.9 11 10 23.5M15.1 11 22 20"/>
      <circle cx="16" cy="23" r="5" fill="${GROUND}"/>
    </g>
    <circle cx="16" cy="23" r="1.4" fill="#e8ebee"/>
  </g>
</svg>`;
}

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
for (const icon of ICONS) {
  const page = await browser.newPage({ viewport: { width: icon.size, height: icon.size } });
  await page.setContent(drawing(icon));
  await page.screenshot({ path: join(folder, icon.file), omitBackground: true });
  await page.close();
}
await browser.close();
