// Build the writing surface, desa_web/web/static/editor/*.js, from src/ and the locked packages, and
// VENDOR.tsv beside this file. Run it after every change in src/:
//   npm ci && node build.mjs
// Built, because as single modules it was 20 requests and 30 KB more on a phone's first visit.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import zopfli from "@gfx/zopfli";
import { build } from "esbuild";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] || resolve(here, "../.."));
const folder = "desa_web/web/static/editor";
const entries = ["editor", "autosave", "sent"];
const axe = { "axe-core/axe.min.js": "tests/vendor/axe/axe.min.js", "axe-core/LICENSE": "tests/vendor/axe/LICENSE" };

const sha = (data) => createHash("sha256").update(data).digest("hex");
const module = (path) => readFileSync(join(here, "node_modules", path));
const about = (name) => JSON.parse(module(`${name}/package.json`));
const put = (path, data) => {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), data);
};

const banner = "/* Built by packaging/editor from its src/: change that. Licences: LICENSES.txt */";
mkdirSync(join(out, folder), { recursive: true });
readdirSync(join(out, folder)).filter((name) => /\.js$/.test(name)).forEach((name) => rmSync(join(out, folder, name)));
const { metafile } = await build({
  entryPoints: entries.map((name) => join(here, "src", `${name}.js`)),
  outdir: join(out, folder),
  absWorkingDir: here,
  bundle: true,
  splitting: true,
  chunkNames: "bagian-[hash]",
  format: "esm",
  target: "es2019",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  banner: { js: banner },
  metafile: true,
  logLevel: "warning",
});
// The server packs with gzip by itself; for the one large file more work is worth it: a second squeeze,
// brotli for https, zopfli's gzip for the village's own network. Together 5 KB of 86.
const large = join(out, folder, "editor.js");
const squeezed = await minify(readFileSync(large, "utf8"), {
  module: true,
  ecma: 2019,
  compress: { passes: 3 },
  format: { preamble: banner, comments: false },
});
writeFileSync(large, `${squeezed.code}\n`);
put(`${folder}/editor.js.br`, brotliCompressSync(readFileSync(large)));
put(`${folder}/editor.js.gz`, await zopfli.gzipAsync(readFileSync(large), { numiterations: 15 }));

const names = new Set();
for (const path of Object.keys(metafile.inputs)) {
  const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
  if (found) names.add(found[1]);
}
const parts = [...names].sort();
const texts = parts.map((name) => `${name} ${about(name).version}\n\n${String(module(`${name}/LICENSE`)).trim()}\n`);
put(`${folder}/LICENSES.txt`, texts.join(`\n${"-".repeat(72)}\n\n`));
Object.entries(axe).forEach(([from, to]) => put(to, module(from)));

// What the built files were made from; a test compares it, so that nobody forgets to build.
const sources = readdirSync(join(here, "src")).sort().map((name) => `src/${name}`);
const all = [...sources, "package-lock.json", "build.mjs"].map((name) => `${name} ${sha(readFileSync(join(here, name)))}\n`);
const made = parts.map((name) => `${name} ${about(name).version} (${about(name).license})`).join(", ");
const built = readdirSync(join(out, folder)).filter((name) => /\.js(\.br|\.gz)?$/.test(name)).sort();
const rows = [
  ["file", "sha256", "licence", "made of"],
  ...built.map((name) => [`${folder}/${name}`, sha(readFileSync(join(out, folder, name))), "MIT", `sources ${sha(all.join(""))}`]),
  [`${folder}/LICENSES.txt`, sha(readFileSync(join(out, folder, "LICENSES.txt"))), "MIT", made],
  ...Object.entries(axe).map(([from, to]) => [to, sha(module(from)), "MPL-2.0", `axe-core ${about("axe-core").version}, unchanged, for tests`]),
];
put("packaging/editor/VENDOR.tsv", rows.map((row) => `${row.join("\t")}\n`).join(""));
