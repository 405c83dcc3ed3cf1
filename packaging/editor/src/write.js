// The editor's document as HTML, spelt as the server spells it: what was only opened and saved is
// the same byte by byte. Written blocks are remembered; a keystroke writes one block anew.
import { isOutgoing } from "./address.js";

const REL = "nofollow ugc noopener";
const known = new WeakMap();

export function htmlOf(doc) {
  const out = [];
  doc.forEach((block) => {
    let html = known.get(block);
    if (html === undefined) {
      html = blockHtml(block);
      known.set(block, html);
    }
    out.push(html);
  });
  return out.join("");
}

function blockHtml(node) {
  switch (node.type.name) {
    case "paragraph":
      return tagged("p", inlineHtml(node));
    case "heading":
      return tagged(`h${node.attrs.level}`, inlineHtml(node));
    case "blockquote":
      return tagged("blockquote", children(node).map(blockHtml).join(""));
    case "bullet_list":
      return listHtml("ul", node);
    case "ordered_list":
      return listHtml("ol", node);
    case "figure":
      return figureHtml(node.attrs);
    case "table":
      return tableHtml(node);
    default:
      throw new Error(`no HTML for ${node.type.name}`);
  }
}

// Empty paragraphs and headings are only places to type in.
const tagged = (tag, inner) => (inner ? `<${tag}>${inner}</${tag}>` : "");

function listHtml(tag, node) {
  const items = children(node).map(tight).filter(Boolean);
  return tagged(tag, items.map((item) => `<li>${item}</li>`).join(""));
}

// A single leading paragraph needs no tags.
function tight(node) {
  const blocks = children(node).filter((block) => block.type.name !== "paragraph" || inlineHtml(block));
  const texts = blocks.filter((block) => block.type.name === "paragraph");
  if (texts.length === 1 && blocks[0] === texts[0]) {
    return inlineHtml(blocks[0]) + blocks.slice(1).map(blockHtml).join("");
  }
  return blocks.map(blockHtml).join("");
}

function figureHtml({ photo, caption }) {
  const text = caption.trim() ? `<figcaption>${escaped(caption.trim())}</figcaption>` : "";
  return `<figure data-foto="${attribute(photo)}">${text}</figure>`;
}

function tableHtml(node) {
  const rows = children(node);
  const hasHead = children(rows[0]).every((cell) => cell.type.name === "table_header");
  const head = hasHead ? `<thead>${rowHtml(rows[0])}</thead>` : "";
  const body = rows.slice(hasHead ? 1 : 0).map(rowHtml).join("");
  return `<table>${head}${body && `<tbody>${body}</tbody>`}</table>`;
}

function rowHtml(row) {
  const cells = children(row).map((cell) => {
    const tag = cell.type.name === "table_header" ? "th" : "td";
    const { colspan, rowspan } = cell.attrs;
    const columns = colspan > 1 ? ` colspan="${colspan}"` : "";
    const rows = rowspan > 1 ? ` rowspan="${rowspan}"` : "";
    return `<${tag}${columns}${rows}>${tight(cell)}</${tag}>`;
  });
  return `<tr>${cells.join("")}</tr>`;
}

function inlineHtml(node) {
  const runs = lines(node).map(trimmed).filter((line) => line.length);
  const out = [];
  let open = [];
  const write = (text, tags) => {
    let same = 0;
    while (same < open.length && same < tags.length && open[same] === tags[same]) same += 1;
    while (open.length > same) out.push(closing(open.pop()));
    tags.slice(same).forEach((tag) => out.push(tag));
    open = tags.slice();
    out.push(text);
  };
  runs.forEach((line, at) => {
    if (at) write("<br>", []);
    line.forEach((run) => write(escaped(run.text), run.tags));
  });
  write("", []);
  return out.join("");
}

const closing = (tag) => (tag.startsWith("<a ") ? "</a>" : `</${tag.slice(1)}`);

// The text as lines of runs, cut at the line breaks.
function lines(node) {
  const found = [[]];
  node.forEach((child) => {
    if (child.isText) {
      found[found.length - 1].push({
        text: child.text.replace(/[ \t\r\n\f\u00a0]+/g, " "),
        tags: child.marks.map(tagOf),
      });
    } else {
      found.push([]);
    }
  });
  return found;
}

// Outer spaces belong to no mark, inner ones only to marks that both neighbours have.
function trimmed(line) {
  const parts = [];
  line.forEach(({ text, tags }) => {
    const core = text.replace(/^ +| +$/g, "");
    const space = () => {
      if (parts.length && parts[parts.length - 1].text !== " ") parts.push({ text: " ", tags: [] });
    };
    if (text[0] === " ") space();
    if (core) {
      parts.push({ text: core, tags });
      if (text[text.length - 1] === " ") space();
    }
  });
  while (parts.length && parts[parts.length - 1].text === " ") parts.pop();
  return parts.map((part, at) => {
    if (part.text !== " ") return part;
    const after = parts[at + 1].tags;
    return { text: " ", tags: parts[at - 1].tags.filter((tag) => after.includes(tag)) };
  });
}

function tagOf(mark) {
  if (mark.type.name !== "link") return `<${mark.type.name}>`;
  const rel = isOutgoing(mark.attrs.href) ? ` rel="${REL}"` : "";
  return `<a href="${attribute(mark.attrs.href)}"${rel}>`;
}

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const attribute = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;");

function children(node) {
  const found = [];
  node.forEach((child) => found.push(child));
  return found;
}
