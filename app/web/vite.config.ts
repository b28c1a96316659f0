import { defineConfig } from "vitest/config";

const backend = process.env["MINQING_BACKEND"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  // The page finds its parts beside itself, under whatever path a proxy serves it.
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    assetsDir: "assets",
    target: "es2022",
    // The strict content policy allows no inline script, so nothing may be injected as one.
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/tiles", "/heat"].map((path) => [path, { target: backend, changeOrigin: true }]),
    ),
  },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
