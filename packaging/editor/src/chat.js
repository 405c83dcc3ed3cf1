// Plain text as people type it in WhatsApp, made into HTML: the rules of desa_web/core/html/plain.py.
// ~Struck out~ text keeps its tildes: without them a cancelled price would read as a valid one.

const BULLET = /^[ \t]{0,8}(?:[-•*·▪‣◦–]|✅|👉)[ \t\u00a0]+(?=[^ \t\u00a0])/;
const NUMBER = /^[ \t]{0,8}[0-9]{1,3}[.)][ \t\u00a0]+(?=[^ \t\u00a0])/;
const QUOTE = /^>[ \t]?/;
const ADDRESS = /(?:https?:\/\/|www\.)[^\s<>"“”]{3,1000}/g;
const AFTER_ADDRESS = /[.,;:!?)\]}'*_~…]+$/;
// The letter before is taken along: Chrome has look-behind, Safari before 16.4 has not.
const MARKS = [
  ["strong", /(^|[^\p{L}\p{N}_*])\*(?=[^\s*])([^*\n]{0,1999}?[^\s*])\*(?![\p{L}\p{N}_*])/gu],
  ["em", /(^|[^\p{L}\p{N}_])_(?=[^\s_])([^_\n]{0,1999}?[^\s_])_(?![\p{L}\p{N}_])/gu],
];

export function htmlOfPlain(text) {
  const lines = text.replace(/\r\n?/g, "\n").replace(/```/g, "").split("\n");
  const out = [];
  let at = 0;
  while (at < lines.length) {
    const kind = kindOf(lines[at]);
    let end = at + 1;
    while (end < lines.length && kindOf(lines[end]) === kind) end += 1;
    out.push(blockOf(kind, lines.slice(at, end)));
    at = end;
  }
  return out.join("");
}

function kindOf(line) {
  if (!/[^ \t\u00a0]/.test(line)) return "";
  if (BULLET.test(line)) return "ul";
  if (NUMBER.test(line)) return "ol";
  return line[0] === ">" ? "blockquote" : "p";
}

function blockOf(kind, lines) {
  if (kind === "p") return `<p>${lines.map(inline).join("<br>")}</p>`;
  if (kind === "blockquote") {
    return `<blockquote><p>${lines.map((l) => inline(l.replace(QUOTE, ""))).join("<br>")}</p></blockquote>`;
  }
  if (!kind) return "";
  const marker = kind === "ul" ? BULLET : NUMBER;
  return `<${kind}>${lines.map((l) => `<li>${inline(l.replace(marker, ""))}</li>`).join("")}</${kind}>`;
}

function inline(line) {
  let out = "";
  let at = 0;
  for (const match of line.matchAll(ADDRESS)) {
    const address = match[0].replace(AFTER_ADDRESS, "");
    out += `${marked(line.slice(at, match.index))}<a href="${escaped(address)}">${escaped(address)}</a>`;
    at = match.index + address.length;
  }
  return out + marked(line.slice(at));
}

function marked(text) {
  return MARKS.reduce((html, [tag, re]) => html.replace(re, `$1<${tag}>$2</${tag}>`), escaped(text));
}

const escaped = (text) =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
