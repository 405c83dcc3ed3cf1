// Build desa_web/web/static/editor/prosemirror.js from the locked packages, and the lists beside it.
//   npm ci && node build.mjs [folder]
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const out = resolve(process.argv[2] || root);
const bundle = "desa_web/web/static/editor/prosemirror.js";
const licences = "desa_web/web/static/editor/prosemirror.LICENSES.txt";
const axe = "tests/vendor/axe/axe.min.js";
const axeLicence = "tests/vendor/axe/LICENSE";
const modules = join(here, "node_modules");

const read = (path) => readFileSync(join(modules, path), "utf8");
const about = (name) => JSON.parse(read(`${name}/package.json`));

const put = (path, text) => {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), text);
};

await build({
  entryPoints: [join(here, "entry.js")],
  outfile: join(out, bundle),
  absWorkingDir: here,
  bundle: true,
  format: "esm",
  target: "es2019",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  banner: { js: "/* ProseMirror and what it needs, MIT: see prosemirror.LICENSES.txt */" },
  metafile: true,
  logLevel: "warning",
}).then(({ metafile }) => {
  const names = new Set();
  for (const path of Object.keys(metafile.inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found) names.add(found[1]);
  }
  const parts = [...names].sort();
  const texts = parts.map((name) => `${name} ${about(name).version}\n\n${read(`${name}/LICENSE`).trim()}\n`);
  put(licences, texts.join(`\n${"-".repeat(72)}\n\n`));
  mkdirSync(dirname(join(out, axe)), { recursive: true });
  copyFileSync(join(modules, "axe-core/axe.min.js"), join(out, axe));
  copyFileSync(join(modules, "axe-core/LICENSE"), join(out, axeLicence));
  const sha = (path) => createHash("sha256").update(readFileSync(join(out, path))).digest("hex");
  const made = parts.map((name) => `${name} ${about(name).version} (${about(name).license})`);
  const rows = [
    ["file", "sha256", "licence", "made of"],
    [bundle, sha(bundle), "MIT", made.join(", ")],
    [licences, sha(licences), "MIT", "the licence texts of the above"],
    [axe, sha(axe), "MPL-2.0", `axe-core ${about("axe-core").version} (tests only, unchanged)`],
    [axeLicence, sha(axeLicence), "MPL-2.0", `axe-core ${about("axe-core").version}`],
  ];
  put("packaging/editor/VENDOR.tsv", rows.map((row) => `${row.join("\t")}\n`).join(""));
});
