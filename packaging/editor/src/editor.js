// The writing surface: takes over every <textarea data-editor>; without it the textarea is Markdown.
//
//   <input type="hidden" name="format" value="markdown" data-editor-format>
//   <textarea name="body" data-editor data-photos="/api/v1/media/{id}">Markdown…</textarea>
//   <template data-editor-html><p>the same text as HTML</p></template>
//   <p data-editor-hint>about Markdown, hidden while the editor is there</p>
//
// The textarea stays the form's field: it holds the HTML, written at every change and only then, and
// fires "input". `textarea.desaEditor` is {open(html), html(), focus(), view}. When something fails on
// the way the plain textarea stays as it was.
import {
  DOMParser as DocParser, EditorView, Decoration, DecorationSet, Plugin, Slice, baseKeymap, gapCursor,
  history, keymap, tableEditing,
} from "./prosemirror.js";
import { htmlOfPlain } from "./chat.js";
import { commands, freshState, insertFigure, keys, linkAt, removeLink, setLink, status } from "./commands.js";
import { hrefOf } from "./address.js";
import { figureView, knowPhoto } from "./figure.js";
import { ask } from "./panel.js";
import { cleaned } from "./paste.js";
import { schema } from "./schema.js";
import { make, toolbar } from "./toolbar.js";
import { words } from "./words.js";
import { htmlOf } from "./write.js";

const SELECTOR = "textarea[data-editor]";
const blank = /^(\s|&nbsp;|<br>|<\/?p>)*$/;

function parsed(html) {
  const body = new DOMParser().parseFromString(html, "text/html").body;
  return DocParser.fromSchema(schema).parse(body);
}

class Editor {
  constructor(area) {
    this.area = area;
    this.form = area.form;
    this.format = this.form && this.form.querySelector("[data-editor-format]");
    const html = this.source();
    const doc = parsed(html);
    // Something that cannot be shown must not be saved away as nothing.
    if (!htmlOf(doc) && !blank.test(html)) throw new Error("the text has no place in the editor");
    this.box = make("div", "editor");
    this.bar = toolbar((name) => this.run(name), `${area.id || "isi"}-editor`);
    this.box.append(this.bar.dom);
    this.plugins = this.makePlugins();
    this.view = this.makeView(doc);
    this.takeOver(html);
  }

  // The HTML of the text: what the server put beside the textarea, or what the textarea holds already.
  source() {
    const beside = this.area.parentNode.querySelector("template[data-editor-html]");
    return beside && !this.holdsHtml() ? beside.innerHTML : this.area.value;
  }

  holdsHtml() {
    return this.area.value !== this.area.defaultValue && this.format && this.format.value === "html";
  }

  makePlugins() {
    const link = () => this.askLink();
    const toToolbar = () => { this.bar.focus(); return true; };
    return [
      keymap({ ...keys, "Mod-k": link, "Alt-F10": toToolbar }),
      keymap(baseKeymap),
      gapCursor(),
      tableEditing(),
      history(),
      placeholder(this.area.dataset.placeholder || words.placeholder),
      lastLine(),
    ];
  }

  makeView(doc) {
    return new EditorView({ mount: this.box.appendChild(make("div")) }, {
      state: freshState(withLastLine(doc), this.plugins),
      attributes: this.attributes(),
      nodeViews: { figure: figureView(this.area.dataset.photos, (text, done) => this.askCaption(text, done)) },
      transformPastedHTML: cleaned,
      clipboardTextParser: (text, around, isPlain) => sliceOfText(text, around, isPlain),
      clipboardTextSerializer: (slice) => plainText(slice.content),
      dispatchTransaction: (tr) => this.dispatch(tr),
    });
  }

  attributes() {
    const { area } = this;
    const given = {
      id: `${area.id || "isi"}-editor`,
      class: "tulisan",
      role: "textbox",
      "aria-multiline": "true",
      "aria-label": area.labels.length ? area.labels[0].textContent.trim() : words.body,
      lang: area.lang || document.documentElement.lang || "id",
      spellcheck: "true",
    };
    const hint = this.hint();
    const notes = (area.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && (!hint || id !== hint.id));
    if (notes.length) given["aria-describedby"] = notes.join(" ");
    if (area.getAttribute("aria-invalid")) given["aria-invalid"] = area.getAttribute("aria-invalid");
    return given;
  }

  hint() {
    return this.area.parentNode.querySelector("[data-editor-hint]");
  }

  takeOver(html) {
    const { area } = this;
    const hadFocus = document.activeElement === area;
    // A browser that restores fields on "back" would mix HTML with the word "markdown".
    area.autocomplete = "off";
    area.value = html;
    if (this.format) {
      // Only a text field may say autocomplete="off".
      this.format.type = "text";
      this.format.hidden = true;
      this.format.autocomplete = "off";
      this.format.value = "html";
    }
    if (this.hint()) this.hint().hidden = true;
    area.hidden = true;
    area.before(this.box);
    for (const label of area.labels) label.addEventListener("click", () => this.focus());
    (this.form || document).addEventListener("desa:foto", (event) => this.onPhoto(event));
    this.bar.update(status(this.view.state));
    area.desaEditor = this;
    if (hadFocus) this.focus();
    area.dispatchEvent(new CustomEvent("desa:editor", { bubbles: true }));
  }

  dispatch(tr) {
    this.view.updateState(this.view.state.apply(tr));
    this.bar.update(status(this.view.state));
    if (!tr.docChanged) return;
    const html = this.html();
    if (html === this.area.value) return;
    this.area.value = html;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  run(name) {
    if (name === "link") return this.askLink();
    const { view } = this;
    const done = commands[name](view.state, view.dispatch, view);
    if (document.activeElement !== view.dom) view.focus();
    return done;
  }

  askLink() {
    const { view } = this;
    const old = linkAt(view.state);
    const needsText = !old && view.state.selection.empty;
    const fields = [{ label: words.linkAddress, value: old ? old.href : "", hint: words.linkHint, mode: "url" }];
    if (needsText) fields.unshift({ label: words.linkText, value: "" });
    ask(this.bar.dom, {
      label: words.link,
      fields,
      done: (values) => {
        const href = hrefOf(values[values.length - 1]);
        if (!href) return words.linkWrong;
        view.dispatch(setLink(view.state, href, needsText ? values[0].trim() : ""));
        return "";
      },
      extra: old && { label: words.linkRemove, run: () => view.dispatch(removeLink(view.state)) },
      closed: () => view.focus(),
    });
    return true;
  }

  askCaption(text, done) {
    ask(this.bar.dom, {
      label: words.photoCaption,
      fields: [{ label: words.captionLabel, value: text, hint: words.captionHint }],
      done: ([value]) => { done(value); return ""; },
      closed: () => this.view.focus(),
    });
  }

  onPhoto(event) {
    event.preventDefault();
    knowPhoto(event.detail);
    this.view.dispatch(insertFigure(this.view.state, event.detail.id));
    this.view.focus();
  }

  // Show another text; what could be undone before belongs to the old one.
  open(html) {
    this.view.updateState(freshState(withLastLine(parsed(html)), this.plugins));
    this.area.value = html;
    this.bar.update(status(this.view.state));
  }

  html() {
    return htmlOf(this.view.state.doc);
  }

  focus() {
    this.view.focus();
  }
}

function sliceOfText(text, around, isPlain) {
  if (isPlain) {
    const lines = text.split(/(?:\r\n?|\n)+/).filter(Boolean);
    return Slice.maxOpen(schema.node("doc", null, lines.map((line) => schema.node("paragraph", null, schema.text(line)))).content);
  }
  const doc = parsed(htmlOfPlain(text));
  return Slice.maxOpen(doc.content);
}

function plainText(content) {
  return content.textBetween(0, content.size, "\n\n", (leaf) => (leaf.type.name === "hard_break" ? "\n" : ""));
}

function placeholder(text) {
  const decorations = ({ doc }) => {
    const first = doc.firstChild;
    if (doc.childCount !== 1 || first.type.name !== "paragraph" || first.content.size) return null;
    return DecorationSet.create(doc, [Decoration.node(0, first.nodeSize, { class: "kosong", "data-kosong": text })]);
  };
  return new Plugin({ props: { decorations } });
}

// Under a photo, table or quote at the end there is always a line to go on writing.
function lastLine() {
  return new Plugin({
    appendTransaction: (_trs, _old, state) =>
      needsLine(state.doc) ? state.tr.insert(state.doc.content.size, schema.node("paragraph")) : null,
  });
}

const needsLine = (doc) => !doc.lastChild.isTextblock;

function withLastLine(doc) {
  return needsLine(doc) ? doc.copy(doc.content.addToEnd(schema.node("paragraph"))) : doc;
}

// Who began to write before this arrived (a slow network) goes on in the plain field: nothing that
// was typed is replaced under the hand.
const isBegun = (area) => area.value !== area.defaultValue
  && ((area.form && area.form.querySelector("[data-editor-format]")) || {}).value !== "html";

for (const area of document.querySelectorAll(SELECTOR)) {
  if (isBegun(area)) continue;
  try {
    new Editor(area);
  } catch (error) {
    // The plain field works; say why for whoever looks.
    console.warn("editor:", error);
  }
}
