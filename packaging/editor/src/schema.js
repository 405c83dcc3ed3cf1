// The shapes a text may have, equal to desa_web/core/html/model.py: what is not here cannot be typed.
import { Schema, tableNodes } from "./prosemirror.js";
import { canonicalHref } from "./address.js";

const FLOW = "(paragraph | bullet_list | ordered_list)+";
const table = tableNodes({ tableGroup: "block", cellContent: FLOW, cellAttributes: {} });

function cell(tag, spec) {
  const toDOM = ({ attrs }) => {
    const spans = {};
    if (attrs.colspan > 1) spans.colspan = attrs.colspan;
    if (attrs.rowspan > 1) spans.rowspan = attrs.rowspan;
    return [tag, spans, 0]; // no colwidth, no style: the policy forbids style attributes
  };
  return Object.assign({}, spec, { toDOM });
}

const nodes = {
  doc: { content: "block+" },
  paragraph: { group: "block", content: "inline*", parseDOM: [{ tag: "p" }], toDOM: () => ["p", 0] },
  heading: {
    group: "block",
    content: "text*",
    marks: "link em", // a heading is bold as it is
    attrs: { level: { default: 2 } },
    defining: true,
    parseDOM: [
      { tag: "h1", attrs: { level: 2 } },
      { tag: "h2", attrs: { level: 2 } },
      { tag: "h3", attrs: { level: 3 } },
      { tag: "h4", attrs: { level: 3 } },
      { tag: "h5", attrs: { level: 3 } },
      { tag: "h6", attrs: { level: 3 } },
    ],
    toDOM: (node) => [`h${node.attrs.level}`, 0],
  },
  blockquote: {
    group: "block",
    content: FLOW,
    defining: true,
    parseDOM: [{ tag: "blockquote" }],
    toDOM: () => ["blockquote", 0],
  },
  bullet_list: {
    group: "block",
    content: "list_item+",
    parseDOM: [{ tag: "ul" }],
    toDOM: () => ["ul", 0],
  },
  ordered_list: {
    group: "block",
    content: "list_item+",
    parseDOM: [{ tag: "ol" }],
    toDOM: () => ["ol", 0],
  },
  list_item: { content: FLOW, defining: true, parseDOM: [{ tag: "li" }], toDOM: () => ["li", 0] },
  figure: {
    group: "block",
    atom: true,
    draggable: true,
    attrs: { photo: {}, caption: { default: "" } },
    parseDOM: [
      {
        tag: "figure[data-foto]",
        getAttrs(dom) {
          const caption = dom.querySelector("figcaption");
          return { photo: dom.dataset.foto, caption: caption ? caption.textContent.trim() : "" };
        },
      },
    ],
    toDOM({ attrs }) {
      const caption = attrs.caption ? [["figcaption", attrs.caption]] : [];
      return ["figure", { "data-foto": attrs.photo }, ...caption];
    },
  },
  table: table.table,
  table_row: table.table_row,
  table_cell: cell("td", table.table_cell),
  table_header: cell("th", table.table_header),
  hard_break: {
    inline: true,
    group: "inline",
    selectable: false,
    parseDOM: [{ tag: "br" }],
    toDOM: () => ["br"],
  },
  text: { group: "inline" },
};

// Their order is the order of the tags: a, strong, em.
const marks = {
  link: {
    attrs: { href: {} },
    inclusive: false,
    parseDOM: [
      {
        tag: "a[href]",
        getAttrs(dom) {
          const href = canonicalHref(dom.getAttribute("href"));
          return href ? { href } : false;
        },
      },
    ],
    toDOM: (mark) => ["a", { href: mark.attrs.href }, 0],
  },
  strong: { parseDOM: [{ tag: "strong" }, { tag: "b" }], toDOM: () => ["strong", 0] },
  em: { parseDOM: [{ tag: "em" }, { tag: "i" }], toDOM: () => ["em", 0] },
};

export const schema = new Schema({ nodes, marks });
