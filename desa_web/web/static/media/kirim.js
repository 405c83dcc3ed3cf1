// Sends one file by tus 1.0 in parts that suit the line; knows nothing of the page.
//
//   const one = new Kiriman(file, {endpoint: "/api/v1/uploads", metadata: {caption: "…"}, on: {…}});
//   one.mulai();  one.jeda();  one.lanjut();  one.batal();
//
// on.maju(sent, size), on.keadaan("antre"|"kirim"|"putus"|"jeda"|"olah"|"jadi"|"gagal", sentence),
// on.jadi(photo or null). A part that fails is sent again from where the server is; the line may be
// gone for hours. What the server refuses is not repeated by itself.
import { sha256 } from "./sha256.js";

const SMALLEST = 16 * 1024;
const LARGEST = 256 * 1024;
const FIRST = 64 * 1024;
const QUICK_MS = 1500;
const SLOW_MS = 6000;
const MEMORY = "desa-unggah:";
const AGAIN = [0, 408, 429, 460, 500, 502, 503, 504];

function base64(text) {
  const bytes = new TextEncoder().encode(text);
  let raw = "";
  bytes.forEach((byte) => { raw += String.fromCharCode(byte); });
  return btoa(raw);
}

export class Kiriman {
  constructor(file, { endpoint, metadata = {}, on = {} }) {
    this.file = file;
    this.endpoint = endpoint;
    this.metadata = metadata;
    this.on = on;
    this.part = FIRST;
    this.failures = 0;
    this.offset = 0;
    this.url = "";
    this.running = 0;
    this.xhr = null;
    this.key = "";
  }

  async mulai() {
    this.running += 1;
    const run = this.running;
    this.failures = 0;
    if (!this.sum) {
      this.tell("kirim");
      this.sum = await sha256(this.file);
      // The same photo chosen again after a reload goes on where it was.
      this.key = `${MEMORY}${this.sum}:${this.file.size}`;
    }
    while (run === this.running) {
      try {
        if (await this.langkah(run)) return;
      } catch (error) {
        if (run !== this.running) return;
        if (!(await this.pulih(error, run))) return;
      }
    }
  }

  jeda() {
    this.stop();
    this.tell("jeda");
  }

  lanjut() {
    return this.mulai();
  }

  async batal() {
    this.stop();
    const url = this.url;
    this.forget();
    if (url) await this.ask("DELETE", url).catch(() => null);
  }

  // One step: find out where we are, send one part, or see what became of it. True at the end.
  async langkah(run) {
    if (!this.url) await this.buat();
    if (this.unsure) {
      const head = await this.ask("HEAD", this.url);
      this.offset = Number(head.getResponseHeader("Upload-Offset"));
      this.unsure = false;
    }
    if (run !== this.running) return true;
    if (this.offset < this.file.size) await this.bagian();
    this.on.maju && this.on.maju(this.offset, this.file.size);
    if (this.offset < this.file.size) return false;
    return this.hasil();
  }

  async buat() {
    const known = this.recall();
    if (known) {
      this.url = known;
      this.unsure = true;
      return;
    }
    const words = { filename: this.file.name, filetype: this.file.type, sha256: this.sum, ...this.metadata };
    const pairs = Object.keys(words).filter((name) => words[name]).map((name) => `${name} ${base64(words[name])}`);
    const made = await this.ask("POST", this.endpoint, {
      "Upload-Length": String(this.file.size),
      "Upload-Metadata": pairs.join(","),
    });
    this.url = made.getResponseHeader("Location");
    this.offset = 0;
    this.remember();
  }

  async bagian() {
    const from = this.offset;
    const part = this.file.slice(from, Math.min(from + this.part, this.file.size));
    const last = from + part.size === this.file.size;
    const began = Date.now();
    this.tell("kirim");
    this.unsure = true;
    const done = await this.ask("PATCH", this.url, {
      "Upload-Offset": String(from),
      "Content-Type": "application/offset+octet-stream",
    }, part, (loaded) => {
      this.on.maju && this.on.maju(from + loaded, this.file.size);
      if (last && loaded >= part.size) this.tell("olah");
    });
    this.unsure = false;
    this.failures = 0;
    this.offset = Number(done.getResponseHeader("Upload-Offset"));
    const took = Date.now() - began;
    if (took < QUICK_MS && !last) this.part = Math.min(LARGEST, this.part * 2);
    else if (took > SLOW_MS) this.part = Math.max(SMALLEST, this.part / 2);
  }

  async hasil() {
    const state = JSON.parse((await this.ask("GET", this.url)).responseText);
    this.forget();
    if (state.error) {
      this.url = "";
      this.tell("gagal", state.error.message);
    } else {
      this.tell("jadi");
      this.on.jadi && this.on.jadi(state.photo, state.document_id);
    }
    return true;
  }

  // After a failure: wait and go on (true), or give up and say why (false).
  async pulih(error, run) {
    const status = error.status || 0;
    if (status === 404 || status === 410) {
      this.forget();
      this.failures += 1;
      if (this.failures < 4) return true;
    }
    if (status === 409) {
      this.unsure = true;
      this.failures += 1;
      if (this.failures < 8) return true;
    }
    if (!AGAIN.includes(status)) {
      if (status === 422) this.forget();
      this.tell(status === 401 ? "masuk" : "gagal", error.sentence || "");
      return false;
    }
    this.failures += 1;
    this.part = Math.max(SMALLEST, this.part / 2);
    this.tell(status === 503 ? "antre" : "putus");
    const again = Number(error.retryAfter) * 1000;
    await this.tunggu(again || Math.min(60000, 500 * 2 ** Math.min(this.failures, 8)), run);
    return run === this.running;
  }

  tunggu(ms, run) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        removeEventListener("online", done);
        resolve(run);
      };
      const timer = setTimeout(done, ms);
      addEventListener("online", done);
      this.wake = done;
    });
  }

  ask(method, url, headers = {}, body = null, progress = null) {
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      this.xhr = xhr;
      xhr.open(method, url);
      // 1 KB/s is the slowest line that counts as one.
      xhr.timeout = 45000 + (body ? body.size : 0);
      xhr.setRequestHeader("Tus-Resumable", "1.0.0");
      xhr.setRequestHeader("X-Desa", "1");
      Object.keys(headers).forEach((name) => xhr.setRequestHeader(name, headers[name]));
      if (progress) xhr.upload.onprogress = (event) => progress(event.loaded);
      xhr.onload = () => {
        if (xhr.status >= 200 && xhr.status < 300) resolve(xhr);
        else reject(refusal(xhr));
      };
      xhr.onerror = xhr.ontimeout = xhr.onabort = () => reject({ status: 0 });
      xhr.send(body);
    });
  }

  stop() {
    this.running += 1;
    this.unsure = true;
    if (this.xhr) this.xhr.abort();
    if (this.wake) this.wake();
  }

  tell(state, sentence = "") {
    this.on.keadaan && this.on.keadaan(state, sentence);
  }

  recall() {
    try { return localStorage.getItem(this.key) || ""; } catch (error) { return ""; }
  }

  remember() {
    try { localStorage.setItem(this.key, this.url); } catch (error) { /* private mode: no resuming after a reload */ }
  }

  forget() {
    this.url = "";
    this.offset = 0;
    try { localStorage.removeItem(this.key); } catch (error) { /* as above */ }
  }
}

function refusal(xhr) {
  let sentence = "";
  try { sentence = JSON.parse(xhr.responseText).error.message; } catch (error) { /* no JSON: a proxy's page */ }
  return { status: xhr.status, sentence, retryAfter: xhr.getResponseHeader("Retry-After") };
}
