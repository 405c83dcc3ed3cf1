// Uploads one file with tus-js-client, a sender that is not ours: node tus_client.mjs '<json>'
// {modules, endpoint, file, chunkSize, cookie, metadata}; prints what became of it as one JSON line.
import { createReadStream, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const wish = JSON.parse(process.argv[2]);
const tus = createRequire(join(wish.modules, "/"))("tus-js-client");
let errors = 0;

const upload = new tus.Upload(createReadStream(wish.file), {
  endpoint: wish.endpoint,
  uploadSize: statSync(wish.file).size,
  chunkSize: wish.chunkSize || Infinity,
  // After a part that arrived the client counts from the beginning.
  retryDelays: Array(40).fill(5),
  headers: { Cookie: wish.cookie },
  metadata: wish.metadata,
  onShouldRetry: (error) => {
    errors += 1;
    const answer = error.originalResponse;
    return !answer || answer.getStatus() >= 500 || answer.getStatus() === 409;
  },
  onError: (error) => {
    console.log(JSON.stringify({ ok: false, errors, message: String(error) }));
    process.exitCode = 1;
  },
  onSuccess: () => {
    console.log(JSON.stringify({ ok: true, errors, url: upload.url }));
  },
});
upload.start();
