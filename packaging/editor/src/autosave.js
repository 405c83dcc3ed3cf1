// Autosave of a form: first in this browser, then on the server; offers what was not saved.
//
//   <form data-autosave="/api/v1/articles/ID/typing" data-article="ID" data-user="ID">   a known text
//   <form data-autosave-sheet="/api/v1/typing/KIND/" data-user="ID">…<input name="sheet" value="KEY">
//                                                                        a new one, or a page
//   <span data-autosave-status role="status"></span>
//
// Typing is on this device's disk half a second after a pause and every 1.2 s while it goes on.
// Sending the form marks the draft; the next desk page that is no error forgets it (sent.js).
import { openDrafts, lastBreath } from "./drafts.js";
import { fieldsOf, fill, isSame } from "./fields.js";
import { noteOtherTab, offer, offerUndo } from "./recovery.js";
import { Sender } from "./server.js";
import { FORMS, forgetSent, isRefused, markSending } from "./sent.js";
import { clock } from "./when.js";
import { say } from "./words.js";

const PAUSE_MS = 400;
const AT_MOST_EVERY_MS = 1200;
const ASK_TABS_MS = 250;
const FORGET_DAYS = 60;
const UNDO_DAYS = 2;
const DAY_MS = 86400000;

class Autosave {
  constructor(form, drafts) {
    this.form = form;
    this.drafts = drafts;
    this.article = form.dataset.article || "";
    this.user = form.dataset.user || "";
    this.tab = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
    this.key = `${this.user}|${this.article || "baru"}|${this.tab}`;
    this.baseline = fieldsOf(form);
    this.sender = new Sender(() => this.address(), () => this.toSend(), (...said) => this.onServer(...said));
    this.savedAt = 0;
    this.listen();
    this.meetTabs();
  }

  listen() {
    this.form.addEventListener("input", () => this.typed());
    this.form.addEventListener("change", () => this.typed());
    this.form.addEventListener("submit", (event) => this.onSubmit(event));
    document.addEventListener("visibilitychange", () => document.hidden && this.leave());
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      // Back on a sheet that was sent: what became of it is on the server.
      if (this.isSubmitting) window.location.reload();
      else if (this.isDirty) this.typed();
    });
    window.addEventListener("beforeunload", (event) => {
      if (!this.hasFailed || !this.isDirty || this.isSubmitting) return;
      event.preventDefault();
      event.returnValue = "";
    });
  }

  // Where the typing goes on the server. A sheet's key moves with the text that is gone on with.
  address() {
    const { autosave, autosaveSheet } = this.form.dataset;
    return autosaveSheet ? autosaveSheet + this.sheet : autosave || "";
  }

  get sheet() {
    const field = this.form.elements.namedItem("sheet");
    return field ? field.value : "";
  }

  // --- on this device ---------------------------------------------------------------------

  typed() {
    const now = Date.now();
    this.isDirty = true;
    this.isSubmitting = false;
    this.typedAt = now;
    this.firstAt = this.firstAt || now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), Math.max(0, Math.min(PAUSE_MS, this.firstAt + AT_MOST_EVERY_MS - now)));
    this.sender.typed();
  }

  draft(more = {}) {
    const { key, user, article, tab } = this;
    const fields = fieldsOf(this.form);
    return { key, user, article, tab, fields, at: Date.now(), typed: this.typedAt, isClosed: false, ...more };
  }

  async keep() {
    if (this.isBusy) {
      this.isAgain = true;
      return;
    }
    if (!this.isDirty) return;
    this.firstAt = 0;
    const draft = this.draft();
    if (isSame(draft.fields, this.baseline) && !this.savedAt) return;
    this.isBusy = true;
    try {
      await this.drafts.put(draft);
      this.savedAt = draft.at;
      this.hasFailed = false;
      if (!this.trouble) this.say("here", "savedHere");
      else this.sayTrouble();
    } catch (error) {
      this.hasFailed = true;
      this.say("problem", "noRoom");
    }
    this.isBusy = false;
    if (this.isAgain) {
      this.isAgain = false;
      this.keep();
    }
  }

  // The page is put away; a phone may end it there without another word.
  leave() {
    if (!this.isDirty) return;
    const draft = this.draft(this.isSubmitting ? { sending: true } : { isClosed: true });
    if (isSame(draft.fields, this.baseline) && !this.savedAt) return;
    lastBreath(draft);
    this.drafts.put(draft).catch(() => {});
    if (!this.isSubmitting) this.sender.lastBreath();
  }

  onSubmit(event) {
    if (event.defaultPrevented) return;
    clearTimeout(this.timer);
    this.isSubmitting = true;
    this.sender.yieldToForm();
    markSending(this.key);
    this.leave();
  }

  // --- on the server ----------------------------------------------------------------------

  toSend() {
    if (!this.isDirty || this.isSubmitting) return null;
    const { format, ...all } = fieldsOf(this.form);
    if (format && format !== "html") return null;
    if (this.form.dataset.autosaveSheet) return all;
    const { version, ...fields } = all;
    return fields;
  }

  onServer(state, details) {
    this.trouble = state === "there" ? "" : state;
    this.message = details.message;
    if (state === "there") this.say("there", "savedThere", details.at);
    else this.sayTrouble();
  }

  sayTrouble() {
    this.say(this.trouble === "waiting" ? "waiting" : "problem", this.trouble);
  }

  say(state, name, at = this.savedAt || Date.now()) {
    const line = document.querySelector("[data-autosave-status]");
    if (!line) return;
    const sentence = say(name, { time: clock(at), message: this.message });
    if (line.textContent === sentence) return;
    // Read aloud when it is another kind of news, not at every pause of typing.
    line.setAttribute("aria-live", line.dataset.state === state ? "off" : "polite");
    line.dataset.state = state;
    line.textContent = sentence;
  }

  // --- other tabs and earlier times -------------------------------------------------------

  meetTabs() {
    if (typeof BroadcastChannel === "undefined") return;
    this.living = new Set();
    this.channel = new BroadcastChannel("desa-ketikan");
    this.channel.addEventListener("message", ({ data }) => {
      if (data.ask) this.channel.postMessage(this.introduction());
      if (!data.tab || data.tab === this.tab) return;
      this.living.add(data.tab);
      const isSameSheet = this.sheet ? data.sheet === this.sheet : data.article === this.article;
      if (this.article && isSameSheet) noteOtherTab(this.form);
      // Somebody is still writing there: it was not left.
      if (data.sheet) hideServerTyping(data.sheet);
    });
    this.channel.postMessage({ ask: true, ...this.introduction() });
  }

  introduction() {
    return { tab: this.tab, article: this.article, sheet: this.sheet };
  }

  async recover() {
    await new Promise((resolve) => setTimeout(resolve, this.living ? ASK_TABS_MS : 0));
    const all = await this.drafts.all();
    await Promise.all(all.filter(isStale).map((draft) => this.drafts.remove(draft.key)));
    const mine = all.filter((draft) => !isStale(draft) && this.isMine(draft)).sort((a, b) => b.typed - a.typed);
    const open = [];
    for (const draft of mine) {
      // The same text twice: the page went away between taking a draft over and removing it.
      const isTwin = open.some((other) => isSame(other.fields, draft.fields));
      if (isTwin || isSame(draft.fields, this.baseline) || await this.wasSaved(draft)) await this.drafts.remove(draft.key);
      else open.push(draft);
    }
    this.offerNext(open);
  }

  isMine(draft) {
    return draft.user === this.user && draft.article === this.article && draft.tab !== this.tab
      && !draft.discardedAt && !(this.living && this.living.has(draft.tab));
  }

  // Sent with the form, and the server has it: its text is newer than the one it was typed on, or it
  // knows the sheet. The answer may have been lost on the way.
  async wasSaved(draft) {
    if (!draft.sending) return false;
    const { version, sheet } = draft.fields;
    if (version) return Number(this.baseline.version) > Number(version);
    if (!sheet) return false;
    try {
      const answer = await fetch(this.form.dataset.autosaveSheet + sheet, { credentials: "same-origin" });
      return (await answer.json()).is_saved === true;
    } catch (error) {
      return false;
    }
  }

  offerNext([draft, ...others]) {
    if (!draft) return;
    const isOld = Boolean(draft.article) && Number(this.baseline.version) > Number(draft.fields.version);
    hideServerTyping(draft.fields.sheet || "");
    offer(this.form, draft, isOld, (isWanted) => (isWanted ? this.take(draft) : this.discard(draft, others)));
  }

  async take(draft) {
    fill(this.form, draft.fields);
    this.typedAt = draft.typed;
    this.isDirty = true;
    await this.keep();
    if (!this.hasFailed) await this.drafts.remove(draft.key);
    this.sender.typed();
    const area = this.form.querySelector("textarea[data-editor]");
    if (area) (area.desaEditor || area).focus();
  }

  async discard(draft, others) {
    await this.drafts.put({ ...draft, discardedAt: Date.now() });
    const sheet = draft.fields.sheet;
    if (sheet) this.forget(this.form.dataset.autosaveSheet + sheet);
    offerUndo(this.form, async () => {
      await this.drafts.put(draft);
      this.offerNext([draft, ...others]);
    });
    this.offerNext(others);
  }

  forget(url) {
    const headers = { Accept: "application/json", "X-Desa": "1" };
    fetch(url, { method: "DELETE", credentials: "same-origin", headers }).catch(() => {});
  }
}

// What the page offers from the server; what this browser kept itself is newer.
function hideServerTyping(sheet) {
  document.querySelectorAll("[data-server-typing]").forEach((box) => {
    if (box.dataset.serverTyping === sheet) box.hidden = true;
  });
}

function isStale(draft) {
  const now = Date.now();
  if (draft.discardedAt) return now - draft.discardedAt > UNDO_DAYS * DAY_MS;
  return now - draft.at > FORGET_DAYS * DAY_MS;
}

async function start() {
  const form = document.querySelector(FORMS);
  if (!form) return;
  const early = { typed: false };
  const note = () => { early.typed = true; };
  form.addEventListener("input", note);
  const baseline = fieldsOf(form);
  const drafts = await openDrafts();
  await forgetSent(drafts, form);
  form.removeEventListener("input", note);
  const autosave = new Autosave(form, drafts);
  // A refused form comes back with what was typed: it is kept nowhere else yet.
  autosave.baseline = isRefused(form) ? {} : baseline;
  if (early.typed || isRefused(form)) autosave.typed();
  form.desaAutosave = autosave;
  await autosave.recover();
  form.dataset.autosaveReady = "";
}

// The editor, if there is one, has taken over its textarea by then.
if (document.readyState === "complete") start();
else document.addEventListener("DOMContentLoaded", start);
