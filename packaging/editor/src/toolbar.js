// The toolbar: six buttons and "lainnya", one tab stop, arrow keys inside (ARIA toolbar pattern).
import { words } from "./words.js";

const MAIN = ["bold", "italic", "heading", "list", "quote", "link"];
const MORE = ["undo", "redo", "ordered", "table"];
const IN_LIST = ["indent", "outdent"];
const IN_TABLE = ["addRow", "addColumn", "headerRow", "deleteRow", "deleteColumn", "deleteTable"];
const LETTERS = { bold: "B", italic: "I", heading: "H" };
const SHAPES = {
  list: "M9 6h11M9 12h11M9 18h11M4.5 6v.1M4.5 12v.1M4.5 18v.1",
  quote: "M9.5 7C6 8 4.5 11 5 16h4.5v-5H7.2M19 7c-3.5 1-5 4-4.5 9H19v-5h-2.3",
  link: "M10 14a4 4 0 005.7 0l3-3A4 4 0 0013 5.3l-1 1M14 10a4 4 0 00-5.7 0l-3 3A4 4 0 0011 18.7l1-1",
  more: "M5.5 12v.1M12 12v.1M18.5 12v.1",
};
const isMac = /Mac|iP(hone|ad|od)/.test(navigator.platform);
const KEYS = {
  bold: "B", italic: "I", heading: "Alt+2", list: "Shift+8", ordered: "Shift+7", quote: "Shift+9",
  link: "K", undo: "Z", redo: "Y", indent: "]", outdent: "[",
};

// Return {dom, update(status), focus()}; `run(name)` does what a button says.
export function toolbar(run, controls) {
  const dom = make("div", "alat-tulis");
  dom.setAttribute("role", "toolbar");
  dom.setAttribute("aria-label", words.toolbar);
  dom.setAttribute("aria-controls", controls);
  const main = make("div", "alat");
  const more = make("div", "alat-lain");
  more.id = `${controls}-lain`;
  more.hidden = true;
  const toggle = button("more", () => {
    more.hidden = !more.hidden;
    toggle.setAttribute("aria-expanded", String(!more.hidden));
  });
  toggle.setAttribute("aria-expanded", "false");
  toggle.setAttribute("aria-controls", more.id);
  const act = (name) => button(name, () => run(name));
  main.append(...MAIN.map(act), toggle);
  const groups = [["", MORE], ["list", IN_LIST], ["table", IN_TABLE]].map(([where, names]) => {
    const group = make("span", "alat-kelompok");
    group.dataset.where = where;
    group.hidden = Boolean(where);
    group.append(...names.map(act));
    return group;
  });
  more.append(...groups);
  dom.append(main, more);
  arrows(dom);
  return {
    dom,
    focus: () => dom.querySelector("button[tabindex='0']").focus(),
    update: (status) => show(dom, groups, status),
  };
}

function show(dom, groups, { pressed, possible, isInTable, isInList }) {
  dom.querySelectorAll("button").forEach((node) => {
    const { name } = node.dataset;
    if (name in pressed) node.setAttribute("aria-pressed", String(pressed[name]));
    if (name in possible) node.setAttribute("aria-disabled", String(!possible[name]));
  });
  groups[1].hidden = !isInList;
  groups[2].hidden = !isInTable;
}

function button(name, action) {
  const node = make("button", `alat-${name}`);
  node.type = "button";
  node.dataset.name = name;
  node.tabIndex = name === "bold" ? 0 : -1;
  node.title = titleOf(name);
  if (KEYS[name]) node.setAttribute("aria-keyshortcuts", keysOf(name).replace("Ctrl", "Control").replace("⌘", "Meta"));
  if (LETTERS[name] || SHAPES[name]) {
    node.setAttribute("aria-label", words[name]);
    node.append(LETTERS[name] ? letter(name) : shape(SHAPES[name]));
  } else {
    node.textContent = words[name];
  }
  // The text keeps its selection, and a phone its keyboard.
  node.addEventListener("mousedown", (event) => event.preventDefault());
  node.addEventListener("click", () => node.getAttribute("aria-disabled") !== "true" && action());
  return node;
}

const keysOf = (name) => `${isMac ? "⌘" : "Ctrl"}+${KEYS[name]}`;
const titleOf = (name) => (KEYS[name] ? `${words[name]} (${keysOf(name)})` : words[name]);

function arrows(dom) {
  const seen = () => [...dom.querySelectorAll("button")].filter((node) => node.offsetParent);
  const go = (node) => {
    dom.querySelectorAll("button").forEach((other) => { other.tabIndex = -1; });
    node.tabIndex = 0;
    node.focus();
  };
  dom.addEventListener("keydown", (event) => {
    const all = seen();
    const at = all.indexOf(document.activeElement);
    const next = {
      ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1,
    }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    go(all[(next + all.length) % all.length]);
  });
}

export function make(tag, name = "", text = "") {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text) node.textContent = text;
  return node;
}

function letter(name) {
  const node = make(name === "italic" ? "em" : "span", "", LETTERS[name]);
  node.setAttribute("aria-hidden", "true");
  return node;
}

function shape(path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
