// Sending photos from a page: choose, drop or paste; one at a time; progress, pause, retry each.
//
// Takes over every <div data-unggah="/api/v1/uploads">. With data-sisip it stands inside the article
// form: a finished photo can be put into the text. The editor listens for
//   "desa:foto"      on the document: put this photo in now (event.detail is the photo's JSON);
//                    preventDefault() says it did, otherwise the Markdown line goes to the textarea
//   "desa:foto-siap" a photo has arrived; preventDefault() says that it has its place already
//
// What shrinks and sends comes after the page itself: whoever only writes does not wait for it.
const AFTER_MS = 1500;
let parts = null;

function load() {
  parts = parts || Promise.all([import("./kecilkan.js"), import("./kirim.js")]).catch((error) => {
    parts = null;
    throw error;
  });
  return parts;
}

const KINDS = /^(image\/|application\/pdf$)/;

class Pengunggah {
  constructor(box) {
    this.box = box;
    this.words = box.dataset;
    this.list = box.querySelector(".unggah-daftar");
    this.input = box.querySelector("input[type=file]");
    this.queue = [];
    this.busy = false;
    box.classList.add("hidup");
    box.hidden = false;
    const early = () => load().catch(() => {});
    this.input.addEventListener("focus", early);
    setTimeout(early, AFTER_MS);
    this.input.addEventListener("change", () => {
      this.add(this.input.files);
      this.input.value = "";
    });
    const form = box.querySelector("form");
    if (form) form.addEventListener("submit", (event) => event.preventDefault());
    this.listenForDrops();
    const article = box.hasAttribute("data-sisip") && box.closest("form");
    if (article) document.addEventListener("submit", (event) => this.hold(event, article), true);
    window.addEventListener("beforeunload", (event) => {
      if (this.isLeaving || !this.unsent()) return;
      event.preventDefault();
      event.returnValue = "";
    });
  }

  unsent() {
    return this.queue.filter((row) => !row.isDone && !["gagal", "masuk"].includes(row.state)).length;
  }

  // Photos that arrived and stand nowhere in the article: the next page would not speak of them.
  loose() {
    return this.box.hasAttribute("data-sisip") ? this.queue.filter((row) => row.photo && !row.isPlaced) : [];
  }

  // The next page ends what is being sent: say so once, and let a second press go on.
  hold(event, form) {
    if (event.target !== form || event.defaultPrevented) return;
    if (this.note || !(this.unsent() || this.loose().length)) {
      this.isLeaving = true;
      return;
    }
    event.preventDefault();
    this.note = make("p", "kotak-aman");
    this.note.setAttribute("role", "status");
    (this.all || this.list).before(this.note);
    this.count();
    this.note.scrollIntoView({ block: "center" });
  }

  count() {
    const left = this.unsent();
    const loose = this.loose().length;
    this.offerAll(loose);
    if (!this.note) return;
    if (left || loose) {
      const sentence = left ? this.words.kataTunggu : this.words.kataLepas;
      this.note.textContent = sentence.replace("{n}", String(left || loose));
      return;
    }
    this.note.remove();
    this.note = null;
  }

  // One press for all of them; a single photo has its own button.
  offerAll(loose) {
    if (!this.all) {
      if (loose < 2) return;
      this.all = make("button", "tombol garis kecil");
      this.all.type = "button";
      this.all.addEventListener("click", () => this.loose().forEach((row) => row.insert()));
      this.list.before(this.all);
    }
    this.all.hidden = loose < 2;
    this.all.textContent = this.words.kataSemua.replace("{n}", String(loose));
  }

  listenForDrops() {
    const zone = this.box.hasAttribute("data-sisip") ? this.box.closest("form") || this.box : document;
    zone.addEventListener("dragover", (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      this.box.classList.add("jatuhkan");
    });
    zone.addEventListener("dragleave", () => this.box.classList.remove("jatuhkan"));
    zone.addEventListener("drop", (event) => {
      this.box.classList.remove("jatuhkan");
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.add(event.dataTransfer.files);
    });
    document.addEventListener("paste", (event) => {
      const files = event.clipboardData ? [...event.clipboardData.files] : [];
      // Word and Excel put a picture of the text beside the text: the text is meant.
      if (!files.length || [...event.clipboardData.types].includes("text/html")) return;
      event.preventDefault();
      this.add(files);
    });
  }

  add(files) {
    [...files].filter((file) => !file.type || KINDS.test(file.type)).forEach((file) => {
      this.queue.push(new Baris(this, file));
    });
    this.next();
  }

  async next() {
    if (this.busy) return;
    const row = this.queue.find((one) => one.waits);
    if (!row) return;
    this.busy = true;
    await row.run();
    this.busy = false;
    this.next();
  }
}

class Baris {
  constructor(owner, file) {
    this.owner = owner;
    this.file = file;
    this.waits = true;
    this.draw();
    this.show("antre");
  }

  draw() {
    const words = this.owner.words;
    this.node = make("li", "unggah-satu");
    if (this.file.type.startsWith("image/")) {
      this.picture = make("img", "");
      this.picture.alt = "";
      this.picture.src = URL.createObjectURL(this.file);
      this.picture.addEventListener("error", () => this.picture.remove());
      this.node.append(this.picture);
    }
    const text = make("div", "unggah-teks");
    text.append(make("b", "", this.file.name));
    this.bar = make("progress", "");
    this.bar.max = this.file.size;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", this.file.name);
    this.status = make("p", "meta");
    this.buttons = make("p", "aksi");
    text.append(this.bar, this.status, this.buttons);
    this.node.append(text);
    this.owner.list.append(this.node);
    this.pause = this.button(words.kataJeda, () => this.toggle());
    this.again = this.button(words.kataUlang, () => this.retry());
    this.drop = this.button(words.kataBatal, () => this.cancel());
    this.again.hidden = true;
  }

  button(label, work) {
    const made = make("button", "tombol garis kecil", label);
    made.type = "button";
    made.setAttribute("aria-label", `${label}: ${this.file.name}`);
    made.addEventListener("click", work);
    this.buttons.append(made);
    return made;
  }

  async run() {
    this.waits = false;
    if (!this.sender) {
      this.show("kirim");
      const [shrinking, sending] = await load().catch(() => []);
      if (!sending) {
        this.show("gagal", this.owner.words.kataMuat);
        return;
      }
      const small = await shrinking.kecilkan(this.file);
      if (this.cancelled) return;
      this.bar.max = small.size;
      this.sender = new sending.Kiriman(small, {
        endpoint: this.owner.words.unggah,
        on: {
          maju: (sent, size) => { this.bar.value = sent; this.bar.max = size; },
          keadaan: (state, sentence) => this.show(state, sentence),
          jadi: (photo, documentId) => this.done(photo, documentId),
        },
      });
    }
    if (this.held) {
      this.show("jeda");
      return;
    }
    await this.sender.mulai();
  }

  show(state, sentence = "") {
    const words = this.owner.words;
    this.state = state;
    const texts = {
      antre: words.kataAntre, kirim: words.kataKirim, putus: words.kataPutus, jeda: words.kataBerhenti,
      olah: words.kataOlah, jadi: words.kataJadi, gagal: words.kataGagal, masuk: words.kataMasuk,
    };
    const text = sentence || texts[state];
    if (this.status.textContent !== text) this.status.textContent = text;
    const failed = state === "gagal" || state === "masuk";
    this.node.classList.toggle("salah", failed);
    this.again.hidden = !failed;
    this.pause.hidden = failed || state === "jadi" || state === "olah";
    this.pause.textContent = state === "jeda" ? words.kataLanjut : words.kataJeda;
    this.pause.setAttribute("aria-label", `${this.pause.textContent}: ${this.file.name}`);
    this.drop.hidden = state === "jadi";
    this.bar.hidden = state === "jadi";
    this.owner.count();
  }

  toggle() {
    if (this.state === "jeda") {
      this.held = false;
      this.waits = true;
      this.show("antre");
      this.owner.next();
      return;
    }
    this.held = true;
    this.waits = false;
    if (this.sender) this.sender.jeda();
    else this.show("jeda");
  }

  retry() {
    this.waits = true;
    this.show("antre");
    this.owner.next();
  }

  cancel() {
    this.cancelled = true;
    this.waits = false;
    if (this.sender) this.sender.batal();
    this.node.remove();
    this.owner.queue = this.owner.queue.filter((one) => one !== this);
    this.owner.count();
  }

  done(photo, documentId) {
    const words = this.owner.words;
    this.isDone = true;
    if (documentId) {
      this.owner.count();
      const list = make("a", "tombol garis kecil", words.kataDokumen);
      list.href = "/kelola/dokumen";
      this.buttons.append(list);
      return;
    }
    this.photo = photo;
    const ready = new CustomEvent("desa:foto-siap", { bubbles: true, cancelable: true, detail: photo });
    this.isPlaced = !this.owner.box.dispatchEvent(ready);
    if (this.isPlaced) this.status.textContent = words.kataUtama;
    this.owner.count();
    if (this.owner.box.hasAttribute("data-sisip")) {
      this.button(words.kataSisip, () => this.insert());
    }
    const link = make("a", "tombol garis kecil", words.kataKeterangan);
    link.href = `/kelola/foto/${photo.id}`;
    if (this.owner.box.hasAttribute("data-sisip")) link.target = "_blank";
    this.buttons.append(link);
  }

  insert() {
    this.isPlaced = true;
    this.owner.count();
    const event = new CustomEvent("desa:foto", { bubbles: true, cancelable: true, detail: this.photo });
    if (!this.owner.box.dispatchEvent(event)) return;
    const form = this.owner.box.closest("form");
    const area = form && form.querySelector("textarea[name=body]");
    if (!area) return;
    const at = area.selectionEnd || area.value.length;
    const line = `\n\n${this.photo.markdown}\n\n`;
    area.value = area.value.slice(0, at) + line + area.value.slice(at);
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function make(tag, name, text = "") {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text) node.textContent = text;
  return node;
}

document.querySelectorAll("[data-unggah]").forEach((box) => new Pengunggah(box));
