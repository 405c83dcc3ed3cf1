// Clean what is pasted from Word, Google Docs, Excel, WhatsApp Web and web pages, before it is shown.
// It is comfort: the server's normaliser (desa_web/core/html) is the guard and repeats the rules.

const JUNK = [
  "style", "template", "noscript", "iframe", "frame", "object", "embed", "form input", "input",
  "button", "select", "textarea", "datalist", "svg", "math", "canvas", "audio", "video", "link",
  "meta", "title", "base", "xml", "map", "progress", "meter", "[hidden]", '[aria-hidden="true"]',
  ".MsoCommentReference", '[class*="msocom"]', 'a[href^="#_msocom"]', 'a[id^="_anchor"]',
].join(",");
const HIDDEN = new RegExp(
  [
    "display:none", "visibility:(hidden|collapse)", "mso-hide:all", "font-size:0*[.]?0*[1-4]?(px|pt|em|rem|%)?(;|!|$)",
    "(left|top|right|bottom|text-indent|margin-left|margin-top):-\\d{3,}", "opacity:0?([.]0\\d*)?(;|!|$)",
    "(^|;)color:(transparent|#fff(fff)?(;|!|$)|white|rgb\\(255,255,255\\))", "transform:scale[xy]?\\(0[,)]",
    "clip:rect\\(0", "clip-path:inset\\((50|100)%", "mso-element:comment(?!-)", "mso-special-character:comment",
    "(^|;)(max-)?height:[01]px.*overflow:hidden|overflow:hidden.*(^|;)(max-)?height:[01]px",
  ].join("|"),
);
const BOLD = /(^|;)font-weight:(bold|bolder|[6-9]00)/;
const NOT_BOLD = /(^|;)font-weight:(normal|lighter|[1-5]00)/;
const ITALIC = /(^|;)font-style:(italic|oblique)/;
const NOT_ITALIC = /(^|;)font-style:normal/;
const KEPT = {
  A: ["href"],
  TD: ["colspan", "rowspan"],
  TH: ["colspan", "rowspan"],
  FIGURE: ["data-foto"],
};

// Return clean HTML of a clipboard's text/html.
export function cleaned(html) {
  const doc = new DOMParser().parseFromString(withoutStyles(html), "text/html");
  const hidden = hiddenClasses(html);
  const slice = doc.querySelector("[data-pm-slice]");
  const sliceOf = slice && slice.getAttribute("data-pm-slice");
  doc.querySelectorAll(JUNK).forEach((node) => node.remove());
  doc.querySelectorAll("*").forEach((node) => isHidden(node, hidden) && node.remove());
  emojis(doc);
  wordLists(doc);
  marks(doc);
  lineEnds(doc);
  breaks(doc);
  nestedLists(doc);
  nestedQuotes(doc);
  headings(doc);
  tidy(doc);
  if (sliceOf && doc.body.firstElementChild) {
    doc.body.firstElementChild.setAttribute("data-pm-slice", sliceOf);
  }
  return doc.body.innerHTML;
}

// Under our policy style and on… attributes are ignored and reported even in a parsed document:
// rename the first (bold and lists are read from them), drop the others.
function withoutStyles(html) {
  return html
    .replace(/<!--\[if[\s\S]*?<!\[endif\]-->/gi, (all) =>
      /^<!--\[if !supportLists\]/i.test(all) ? all.replace(/<!--\[if[^\]]*\]>|<!\[endif\]-->/gi, "") : "")
    .replace(/<!\[if[^\]]*\]>|<!\[endif\]>/gi, "")
    .replace(/<(style|script|noscript|iframe|svg|math|template|title)\b[\s\S]*?(<\/\1\s*>|$)/gi, "")
    .replace(/<[a-z][^<>]*>/gi, (tag) =>
      tag.replace(/([\s"'/])style\s*=/gi, "$1data-s=").replace(/([\s"'/])on[a-z]+\s*=/gi, "$1data-x="));
}

// Classes that the page's own style sheet hides (the usual place for gambling links).
function hiddenClasses(html) {
  const found = new Set();
  for (const [, css] of html.matchAll(/<style\b[^>]*>([\s\S]*?)(?:<\/style\s*>|$)/gi)) {
    for (const [, names, rule] of css.replace(/<!--|-->/g, "").matchAll(/([^{}]*)\{([^{}]*)\}/g)) {
      if (!HIDDEN.test(plainCss(rule))) continue;
      names.split(",").map((name) => name.trim()).filter((name) => /^\.[\w-]+$/.test(name))
        .forEach((name) => found.add(name.slice(1)));
    }
  }
  return found;
}

function styleOf(node) {
  return plainCss(node.getAttribute("data-s") || "");
}

// Comments, escapes and blanks out of a rule, so that "d\69splay:/**/none" reads as it works.
function plainCss(css) {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\\([0-9a-f]{1,6})\s?/gi, (_all, hex) => String.fromCodePoint(Math.min(parseInt(hex, 16), 0x10ffff)))
    .replace(/\s+/g, "")
    .toLowerCase();
}

function isHidden(node, hiddenNames) {
  if (node === node.ownerDocument.body || node === node.ownerDocument.documentElement) return false;
  if ([...node.classList].some((name) => hiddenNames.has(name))) return true;
  if (node.nodeName === "FONT" && /^(white|#fff(fff)?)$/i.test(node.getAttribute("color") || "")) return true;
  if (node.nodeName === "MARQUEE") return Number(node.getAttribute("height")) < 5 && node.hasAttribute("height");
  const css = styleOf(node);
  if (!css || /mso-list:ignore/.test(css)) return false;
  // White on a dark ground is a table's head row, not a hiding place.
  const ground = /background(-color)?:(?!none|transparent|inherit|initial|white|#fff(fff)?(;|$)|rgb\(255,255,255\))/;
  const rules = ground.test(css) ? css.replace(/(^|;)color:[^;]*/g, "$1") : css;
  return HIDDEN.test(rules) || sameColours(css);
}

function sameColours(css) {
  const colour = (/(?:^|;)color:([^;!]+)/.exec(css) || [])[1];
  const ground = (/background(?:-color)?:([^;!]+)/.exec(css) || [])[1];
  return Boolean(colour && ground) && rgb(colour) === rgb(ground);
}

function rgb(colour) {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(colour);
  const hex = short ? `#${short.slice(1).map((c) => c + c).join("")}` : colour;
  const full = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/.exec(hex);
  return full ? `rgb(${full.slice(1).map((c) => parseInt(c, 16)).join(",")})` : hex;
}

// WhatsApp Web and others show emoji as pictures; all other pictures are left behind.
function emojis(doc) {
  doc.querySelectorAll("img").forEach((node) => {
    if (node.closest("figure[data-foto]")) return;
    const alt = node.getAttribute("alt") || "";
    const isEmoji = /^([^\u0000-\u203b]{1,16}|[0-9#*]\ufe0f?\u20e3)$/.test(alt);
    node.replaceWith(isEmoji ? alt : "");
  });
}

// Word writes list items as paragraphs with a typed number or bullet.
function wordLists(doc) {
  let last = null;
  let stack = [];
  doc.querySelectorAll("p, h1, h2, h3, h4, h5, h6").forEach((p) => {
    const level = typedLevel(p) || (/mso-list:\s*l\d+\s+level(\d)/i.exec(p.getAttribute("data-s") || "") || [])[1];
    if (!level) return;
    const marker = [...p.querySelectorAll("span")].find((s) => /mso-list:ignore/.test(styleOf(s)));
    const sign = marker ? marker.textContent.trim() : (TYPED.exec(p.textContent.trimStart()) || [""])[0];
    const tag = /^[0-9a-z]{1,4}[.)]/i.test(sign) ? "ol" : "ul";
    if (marker) marker.remove();
    else dropTyped(p);
    const item = doc.createElement("li");
    item.append(...p.childNodes);
    const isNext = last && nextBlock(last) === p;
    if (!isNext) stack = [];
    while (stack.length > level) stack.pop();
    if (stack.length && stack.length === Number(level) && stack[stack.length - 1].nodeName !== tag.toUpperCase()) {
      stack.pop();
    }
    if (!stack.length || stack.length < level) {
      const list = doc.createElement(tag);
      const parent = stack[stack.length - 1];
      if (parent) (parent.lastElementChild || parent).append(list);
      else p.before(list);
      if (!stack.length) last = list;
      stack.push(list);
    }
    stack[stack.length - 1].append(item);
    p.remove();
  });
}

const TYPED = /^([·•§▪◦\uf0b7\uf0a7\uf0fc]|[0-9]{1,3}[.)])[\s\u00a0]+/;

// Word Online types the sign into the text and does not say that it is a list.
function typedLevel(p) {
  return /MsoListParagraph/.test(p.className) && !/mso-list/.test(p.getAttribute("data-s") || "")
    && TYPED.test(p.textContent.trimStart()) ? 1 : 0;
}

function dropTyped(p) {
  let left = (TYPED.exec(p.textContent.trimStart()) || [""])[0].length;
  left += left ? p.textContent.length - p.textContent.trimStart().length : 0;
  for (const text of textsOf(p)) {
    if (!left) return;
    const taken = Math.min(left, text.data.length);
    text.data = text.data.slice(taken);
    left -= taken;
  }
}

function nextBlock(node) {
  let next = node.nextSibling;
  while (next && next.nodeType !== 1 && !(next.textContent || "").trim()) next = next.nextSibling;
  return next;
}

// Bold and italic from styles become elements; "not bold" (Google Docs' wrapper) opens them up.
function marks(doc) {
  doc.querySelectorAll("b, strong, i, em, cite, dfn, var").forEach((node) => {
    const css = styleOf(node);
    const isBold = node.nodeName === "B" || node.nodeName === "STRONG";
    if (!node.textContent.trim() || (isBold ? NOT_BOLD : NOT_ITALIC).test(css)) unwrap(node);
    else if (!isBold && /^(CITE|DFN|VAR)$/.test(node.nodeName)) unwrap(wrapInside(node, "em"));
  });
  doc.querySelectorAll("span[data-s], font[data-s], td[data-s], th[data-s], p[data-s], a[data-s]").forEach((node) => {
    const css = styleOf(node);
    if (node.nodeName === "TH" || !node.textContent.trim()) return;
    if (ITALIC.test(css) && !node.closest("i, em")) wrapInside(node, "em");
    if (BOLD.test(css) && !node.closest("b, strong, h1, h2, h3, h4, h5, h6")) wrapInside(node, "strong");
  });
}

function wrapInside(node, tag) {
  if ([...node.children].some((child) => /^(P|DIV|UL|OL|TABLE)$/.test(child.nodeName))) return node;
  const inner = node.ownerDocument.createElement(tag);
  inner.append(...node.childNodes);
  node.append(inner);
  return node;
}

function unwrap(node) {
  node.replaceWith(...node.childNodes);
}

// Line ends that a "pre" style shows (WhatsApp Web) become line breaks.
function lineEnds(doc) {
  doc.querySelectorAll("pre, .copyable-text, [data-s]").forEach((node) => {
    const isPre = node.nodeName === "PRE" || node.classList.contains("copyable-text")
      || /white-space:(pre|pre-wrap|pre-line|break-spaces)/.test(styleOf(node));
    if (!isPre) return;
    textsOf(node).filter((text) => text.data.includes("\n")).forEach((text) => {
      const lines = text.data.split("\n");
      text.replaceWith(...lines.flatMap((line, at) => (at ? [doc.createElement("br"), line] : [line])));
    });
  });
  doc.querySelectorAll(".Apple-interchange-newline").forEach((node) => node.remove());
}

const BLOCKS = /^(P|DIV|UL|OL|LI|TABLE|BLOCKQUOTE|FIGURE|PRE|H[1-6]|SECTION|ARTICLE|DL|HEADER|FOOTER)$/;

// Two line breaks in a row mean a new paragraph.
function breaks(doc) {
  doc.querySelectorAll("p, div, li, td, th, blockquote, body").forEach((node) => {
    const kids = [...node.childNodes].filter((kid) => kid.nodeType === 1 || kid.nodeType === 3);
    const solid = kids.filter((kid) => kid.nodeType === 1 || kid.data.trim());
    if (!solid.some((kid, at) => kid.nodeName === "BR" && solid[at + 1] && solid[at + 1].nodeName === "BR")) return;
    const made = paragraphs(doc, kids);
    if (node.nodeName === "P") node.replaceWith(...made);
    else {
      node.textContent = ""; // replaceChildren is younger than our oldest phones
      node.append(...made);
    }
  });
}

function paragraphs(doc, kids) {
  const made = [];
  let open = null;
  let count = 0;
  kids.forEach((kid) => {
    if (kid.nodeName === "BR") {
      count += 1;
      return;
    }
    if (kid.nodeType === 3 && !kid.data.trim() && (count || !open)) return;
    if (BLOCKS.test(kid.nodeName)) {
      made.push(kid);
      open = null;
    } else {
      if (!open || count > 1) made.push(open = doc.createElement("p"));
      else if (count) open.append(doc.createElement("br"));
      open.append(kid);
    }
    count = 0;
  });
  return made;
}

// The subset has no quote inside a quote: the words stay.
function nestedQuotes(doc) {
  doc.querySelectorAll("blockquote blockquote").forEach((node) => {
    if ([...node.children].some((kid) => BLOCKS.test(kid.nodeName))) unwrap(node);
    else renamed(node, "p");
  });
}

function textsOf(node) {
  const walker = node.ownerDocument.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode);
  return found;
}

// A list directly inside a list (Google Docs, old editors) belongs to the item before it.
function nestedLists(doc) {
  doc.querySelectorAll("ul > ul, ul > ol, ol > ul, ol > ol").forEach((list) => {
    const before = list.previousElementSibling;
    if (before && before.nodeName === "LI") before.append(list);
    else {
      const item = doc.createElement("li");
      list.before(item);
      item.append(list);
    }
  });
}

function headings(doc) {
  doc.querySelectorAll("h1, h2, h3, h4, h5, h6").forEach((node) => {
    if (!node.textContent.trim() || node.closest("td, th, li, blockquote")) {
      renamed(node, "p");
    } else {
      renamed(node, /^H[12]$/.test(node.nodeName) ? "h2" : "h3");
    }
  });
}

function renamed(node, tag) {
  const made = node.ownerDocument.createElement(tag);
  made.append(...node.childNodes);
  node.replaceWith(made);
}

// Drop all attributes but a few, foreign elements, and paragraphs with nothing in them.
function tidy(doc) {
  doc.querySelectorAll("*").forEach((node) => {
    const kept = KEPT[node.nodeName] || [];
    [...node.attributes].forEach((attr) => kept.includes(attr.name) || node.removeAttribute(attr.name));
    if (node.nodeName.includes(":") || node.nodeName === "SPAN" || node.nodeName === "FONT") unwrap(node);
  });
  doc.querySelectorAll("a").forEach((node) => {
    if (!/[^\s\u200b\u00ad\u2060\ufeff]/.test(node.textContent)) unwrap(node);
  });
  doc.querySelectorAll("p").forEach((node) => {
    if (!/[^\s\u00a0]/.test(node.textContent) && !node.closest("td, th, li")) node.remove();
  });
  doc.body.querySelectorAll("td > p:only-child").forEach((node) => node.textContent.trim() || node.remove());
  // No-break spaces come from layout; U+202F and the joiners of other scripts are text. Overrides
  // (U+202A to U+202E) only serve to show a text backwards.
  textsOf(doc.body).forEach((text) => {
    text.data = text.data.replace(/\u00a0/g, " ").replace(/[\u202a-\u202e]/g, "");
  });
  doc.body.normalize();
}
