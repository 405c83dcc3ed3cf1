// A small panel under the toolbar that asks for one or two lines: a link's address, a caption.
import { make } from "./toolbar.js";
import { words } from "./words.js";

let count = 0;

// Show a panel in `host`. fields: [{label, value, hint, mode}]; done(values) returns a sentence when
// they will not do. Escape and "Batal" close it; Enter is "Pasang". `closed` runs in the end.
export function ask(host, { label, fields, done, extra, closed }) {
  host.querySelectorAll(".alat-panel").forEach((old) => old.remove());
  const panel = make("div", "alat-panel");
  panel.setAttribute("role", "group");
  panel.setAttribute("aria-label", label);
  const inputs = fields.map((field) => line(panel, field));
  const problem = make("p", "galat");
  problem.setAttribute("role", "alert");
  problem.id = `panel-galat-${count}`;
  const close = () => {
    panel.remove();
    host.classList.remove("bertanya");
    closed();
  };
  const apply = () => {
    const sentence = done(inputs.map((input) => input.value));
    if (!sentence) return close();
    problem.textContent = sentence;
    inputs[0].setAttribute("aria-invalid", "true");
    inputs[0].setAttribute("aria-describedby", problem.id);
    return inputs[0].focus();
  };
  const row = make("div", "aksi");
  row.append(button("tombol", words.linkApply, apply));
  if (extra) row.append(button("tombol garis", extra.label, () => { extra.run(); close(); }));
  row.append(button("tombol garis", words.cancel, close));
  panel.append(problem, row);
  panel.addEventListener("keydown", (event) => {
    // Neither may reach the form: Enter would send it, Ctrl+S must still save.
    if (event.key === "Enter" && event.target.nodeName === "INPUT") {
      event.preventDefault();
      apply();
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
  });
  // What is typed here is not the text: autosave and counters need not know.
  panel.addEventListener("input", (event) => event.stopPropagation());
  host.classList.add("bertanya");
  host.append(panel);
  inputs[0].focus();
  inputs[0].select();
}

function line(panel, { label, value, hint, mode }) {
  count += 1;
  const name = make("label", "", label);
  const input = make("input");
  input.type = "text";
  input.id = name.htmlFor = `panel-${count}`;
  input.value = value;
  input.autocomplete = "off";
  if (mode) input.inputMode = mode;
  if (mode === "url") input.autocapitalize = "none";
  panel.append(name, input);
  if (hint) {
    const help = make("p", "bantu", hint);
    help.id = `${input.id}-bantu`;
    input.setAttribute("aria-describedby", help.id);
    panel.append(help);
  }
  return input;
}

function button(look, text, action) {
  const node = make("button", look, text);
  node.type = "button";
  node.addEventListener("click", action);
  return node;
}
