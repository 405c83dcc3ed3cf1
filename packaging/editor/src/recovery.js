// Offers what was typed and not saved: after a power cut, a closed tab, a session that ended.
import { make } from "./toolbar.js";
import { say, words } from "./words.js";
import { clock } from "./when.js";

// Show the offer above the form; `answer(isWanted)` is called once.
export function offer(form, draft, isOld, answer) {
  const box = make("section", "kotak-aman");
  box.dataset.recovery = "";
  const title = make("b", "", say(draft.isClosed ? "closed" : "cut", { time: clock(draft.typed) }));
  title.id = "pulih-ketikan";
  box.setAttribute("aria-labelledby", title.id);
  box.append(title, make("p", "", words.safe));
  if (draft.fields.title) box.append(make("p", "", say("titleOf", { title: draft.fields.title })));
  if (isOld) box.append(make("p", "", words.newer));
  const row = make("div", "aksi");
  const isNew = !draft.article || /-baru$/.test(draft.article);
  const leave = isNew ? words.discardNew : words.discard;
  [["tombol", words.goOn, true], ["tombol garis", leave, false]].forEach(([look, text, isWanted]) => {
    const node = make("button", look, text);
    node.type = "button";
    node.addEventListener("click", () => {
      box.remove();
      answer(isWanted);
    });
    row.append(node);
  });
  box.append(row);
  place(form, box);
}

// Say that a draft was thrown away, with the way back.
export function offerUndo(form, undo) {
  const box = make("section", "kotak-aman");
  box.setAttribute("role", "status");
  box.append(make("p", "", words.discarded));
  const node = make("button", "tombol garis", words.undo);
  node.type = "button";
  node.addEventListener("click", () => {
    box.remove();
    undo();
  });
  const row = make("div", "aksi");
  row.append(node);
  box.append(row);
  place(form, box);
}

// Say once that the same text is open in another tab, too.
export function noteOtherTab(form) {
  if (document.querySelector("[data-other-tab]")) return;
  const box = make("p", "kotak-aman", words.otherTab);
  box.dataset.otherTab = "";
  box.setAttribute("role", "status");
  place(form, box);
}

function place(form, box) {
  const host = document.querySelector("[data-recovery-place], .pemberitahuan");
  if (host) host.append(box);
  else form.before(box);
}
