// A photo inside the text: an atom with its picture, caption and buttons to move and remove it.
import { NodeSelection, Selection } from "./prosemirror.js";
import { make } from "./toolbar.js";
import { words } from "./words.js";

const fetched = new Map();

// Tell what is known of a photo (the library's JSON), so that it need not be asked for.
export function knowPhoto(photo) {
  fetched.set(photo.id, Promise.resolve(photo));
}

// Return the node view for figures; `address` is the library's, "{id}" in it stands for the photo.
export function figureView(address, askCaption) {
  return (node, view, getPos) => {
    const dom = make("figure", "foto-isi");
    const picture = make("img");
    picture.loading = "lazy";
    const caption = make("figcaption");
    const tools = make("div", "foto-alat");
    picture.alt = "";
    picture.hidden = true;
    dom.contentEditable = "false";
    dom.append(picture, caption, tools);
    const show = (current) => {
      caption.textContent = current.attrs.caption || dom.dataset.caption || words.photo;
    };
    let shown = node;
    tools.append(
      tool("↑", words.photoUp, () => move(view, getPos(), -1)),
      tool("↓", words.photoDown, () => move(view, getPos(), 1)),
      tool("✎", words.photoCaption, () => askCaption(shown.attrs.caption, (text) => {
        view.dispatch(view.state.tr.setNodeMarkup(getPos(), null, { ...shown.attrs, caption: text.trim() }));
      })),
      tool("✕", words.photoRemove, () => remove(view, getPos())),
    );
    show(node);
    library(address, node.attrs.photo).then((photo) => {
      if (!photo) return;
      dom.dataset.caption = photo.caption || "";
      picture.alt = photo.alt || "";
      picture.src = photo.thumb || photo.url || "";
      picture.hidden = !picture.getAttribute("src");
      show(shown);
    });
    return {
      dom,
      update(next) {
        if (next.type !== node.type || next.attrs.photo !== node.attrs.photo) return false;
        shown = next;
        show(next);
        return true;
      },
      stopEvent: (event) => tools.contains(event.target),
      ignoreMutation: () => true,
    };
  };
}

function library(address, id) {
  if (!address) return Promise.resolve(fetched.get(id) || null);
  if (!fetched.has(id)) {
    const url = address.replace("{id}", encodeURIComponent(id));
    const asked = fetch(url, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : null))
      .catch(() => {
        fetched.delete(id); // no signal now: asked again when the text is opened next
        return null;
      });
    fetched.set(id, asked);
  }
  return fetched.get(id);
}

function move(view, from, direction) {
  const { doc } = view.state;
  const at = doc.resolve(from);
  const index = at.index(0) + direction;
  if (index < 0 || index >= doc.childCount) return;
  const figure = doc.nodeAt(from);
  const other = doc.child(index);
  const tr = view.state.tr.delete(from, from + figure.nodeSize);
  const to = direction < 0 ? from - other.nodeSize : from + other.nodeSize;
  tr.insert(to, figure).setSelection(NodeSelection.create(tr.doc, to));
  view.dispatch(tr.scrollIntoView());
}

function remove(view, from) {
  const tr = view.state.tr.delete(from, from + view.state.doc.nodeAt(from).nodeSize);
  view.dispatch(tr.setSelection(Selection.near(tr.doc.resolve(Math.min(from, tr.doc.content.size)))));
  view.focus();
}

function tool(sign, label, action) {
  const node = make("button", "", sign);
  node.type = "button";
  node.title = label;
  node.setAttribute("aria-label", label);
  node.addEventListener("click", action);
  return node;
}
