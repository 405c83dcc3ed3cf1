// Forgets a draft once its form was taken: the page after sending is a desk page and no error.
// Desk pages without a form load this file alone.
import { openDrafts } from "./drafts.js";

export const FORMS = "form[data-autosave], form[data-autosave-sheet]";
const NAME = "desa-terkirim";

export function markSending(key) {
  try {
    sessionStorage.setItem(NAME, key);
  } catch (error) {
    // Then the draft is offered once more, and compared.
  }
}

// `form`: the autosave form of this page, if any. Refused, it comes back with what was typed in it.
export async function forgetSent(drafts, form = null) {
  try {
    const key = sessionStorage.getItem(NAME) || "";
    // Noted until the draft is gone: the page may be left before that.
    if (key && !isRefused(form || document)) await drafts.remove(key);
    sessionStorage.removeItem(NAME);
  } catch (error) {
    // Then the draft is offered once more, and compared.
  }
}

// Tell whether a page shows what the server did not accept.
export function isRefused(place) {
  const box = document.querySelector(".galat-kotak[role=alert], [data-refused]");
  return Boolean(box || place.querySelector("[aria-invalid=true]"));
}

// A page on the way to the server (signing in again, sending once more): the draft stays noted only
// while the form goes on.
function carry(form) {
  let key = "";
  try {
    key = sessionStorage.getItem(NAME) || "";
    sessionStorage.removeItem(NAME);
  } catch (error) {
    return;
  }
  if (key) form.addEventListener("submit", () => markSending(key));
}

const ribbon = document.querySelector("[data-offline]");
const usual = ribbon && ribbon.lastChild.data;

// Tell whether the site answers. A laptop without any network still reaches the site that it runs.
async function answers() {
  if (navigator.onLine !== false) return true;
  const cut = new AbortController();
  const timer = setTimeout(() => cut.abort(), 4000);
  try {
    await fetch("/robots.txt", { method: "HEAD", cache: "no-store", signal: cut.signal });
    return true;
  } catch (error) {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

// Say when the signal is gone: a ribbon on every page of the desk, a line at home.
async function showLine() {
  const isGood = await answers();
  if (ribbon) {
    ribbon.hidden = isGood;
    ribbon.lastChild.data = usual;
  }
  document.querySelectorAll("[data-line]").forEach((line) => {
    const said = line.querySelector("span");
    said.textContent = isGood ? said.dataset.lineGood : said.dataset.lineBad;
    line.classList.toggle("awas", !isGood);
    line.hidden = false;
  });
}

// A form sent without a signal ends in the browser's own error page, where words and chosen photos are
// out of reach. It stays here instead, and says so.
let through = null;
function hold(event) {
  const { target: form, submitter } = event;
  if (!ribbon || navigator.onLine !== false || through === form || !form.requestSubmit) return;
  event.preventDefault();
  answers().then((isGood) => {
    if (isGood) {
      through = form;
      form.requestSubmit(submitter);
      through = null;
    } else {
      ribbon.lastChild.data = ribbon.dataset.held;
      ribbon.hidden = false;
    }
  });
}

document.addEventListener("submit", hold, true);
window.addEventListener("online", showLine);
window.addEventListener("offline", showLine);
showLine();

const onTheWay = document.querySelector("form[data-send-on]");
if (onTheWay) carry(onTheWay);
else if (!document.querySelector(FORMS)) {
  openDrafts().then((drafts) => forgetSent(drafts));
}
