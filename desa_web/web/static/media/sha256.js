// SHA-256 (FIPS 180-4) of a Blob, as hex. The browser's own one exists on https and localhost only;
// village servers are often reached over plain http.
const K = new Uint32Array(64);
const H0 = new Uint32Array(8);
(function constants() {
  let found = 0;
  for (let n = 2; found < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) { prime = false; break; }
    if (!prime) continue;
    if (found < 8) H0[found] = (Math.sqrt(n) % 1) * 4294967296;
    K[found] = (Math.cbrt(n) % 1) * 4294967296;
    found += 1;
  }
})();

function compress(state, block, at, words) {
  for (let i = 0; i < 16; i += 1) {
    const b = at + i * 4;
    words[i] = (block[b] << 24) | (block[b + 1] << 16) | (block[b + 2] << 8) | block[b + 3];
  }
  for (let i = 16; i < 64; i += 1) {
    const x = words[i - 15];
    const y = words[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + words[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function slow(blob) {
  const state = Uint32Array.from(H0);
  const words = new Int32Array(64);
  const step = 1 << 18;
  let rest = new Uint8Array(0);
  for (let at = 0; at < blob.size; at += step) {
    // A multiple of 64, so only the last part leaves something over; each turn lets the page breathe.
    const part = new Uint8Array(await read(blob.slice(at, at + step)));
    const whole = part.length - (part.length % 64);
    for (let i = 0; i < whole; i += 64) compress(state, part, i, words);
    rest = part.subarray(whole);
  }
  const tail = new Uint8Array(rest.length < 56 ? 64 : 128);
  tail.set(rest);
  tail[rest.length] = 0x80;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor((blob.size * 8) / 4294967296));
  view.setUint32(tail.length - 4, (blob.size * 8) >>> 0);
  for (let i = 0; i < tail.length; i += 64) compress(state, tail, i, words);
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => out.setUint32(i * 4, word));
  return hex(new Uint8Array(out.buffer));
}

function read(blob) {
  if (blob.arrayBuffer) return blob.arrayBuffer();
  return new Response(blob).arrayBuffer();
}

export async function sha256(blob) {
  if (globalThis.crypto && crypto.subtle && blob.size < 1 << 26) {
    return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", await read(blob))));
  }
  return slow(blob);
}

export { slow as sha256Slow };
