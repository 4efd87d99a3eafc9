import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Where a server answers the API while the interface is worked on. */
const SERVER = process.env.STOCKROOM_URL ?? "http://127.0.0.1:8080";

/** Smaller files are sent as they are. */
const COMPRESSED_ABOVE_BYTES = 1024;

/** Writes each text file in compressed form beside itself, as the server sends it. */
function compressed(): Plugin {
  let folder = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved: (config) => {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const texts = entries.filter((entry) => /\.(js|css|svg|json)$/.test(entry.name));
      for (const entry of texts) {
        const path = join(entry.parentPath, entry.name);
        const text = await readFile(path);
        if (text.length <= COMPRESSED_ABOVE_BYTES) continue;
        const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        await writeFile(`${path}.br`, await promisify(brotliCompress)(text, { params: quality }));
        await writeFile(`${path}.gz`, await promisify(gzip)(text, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed()],
  // The server puts a number there that is used once.
  html: { cspNonce: "__NONCE__" },
  build: {
    outDir: "dist/app",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    // A name for every file, none inside another: the policy allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": { target: SERVER, ws: true },
      "/health": SERVER,
      "/metrics": SERVER,
    },
  },
});
