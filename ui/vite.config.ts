import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { built } from "./scripts/built.mjs";

export default defineConfig({
  // Relative, so that the page also works behind a proxy that serves the node under a prefix.
  base: "./",
  plugins: [svelte(), built()],
  build: {
    target: "es2022",
    // A data: URL would need a hole in the content security policy.
    assetsInlineLimit: 0,
    // The polyfill is an inline script in older browsers only; all we support have modulepreload.
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    // The words of a language come in one piece, and only to those who read it.
    rolldownOptions: { output: { codeSplitting: { groups: [{ debugName: "words", name: (id: string) => /\/src\/lang\/(\w+)\//.exec(id)?.[1]?.replace(/^/, "words-") ?? null, test: /\/src\/lang\// }] } } },
  },
  // Another node than the one of this machine: LINESHAFT_API=http://127.0.0.1:9000 npx vite
  server: { proxy: { "/api": { target: process.env.LINESHAFT_API ?? "http://127.0.0.1:8080", ws: true } } },
  test: { include: ["src/**/*.test.ts", "scripts/**/*.test.mjs"] },
});
