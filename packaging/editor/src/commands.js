// What the toolbar and the keys do, and which of it is on where the cursor stands.
import {
  AllSelection, EditorState, TextSelection, addColumnAfter, addRowAfter, chainCommands, deleteColumn, deleteRow,
  deleteTable, isInTable, lift, liftListItem, redo, redoDepth, setBlockType, sinkListItem,
  splitListItem, toggleHeaderRow, toggleMark, undo, undoDepth, wrapIn, wrapInList,
} from "./prosemirror.js";
import { schema } from "./schema.js";

const { nodes: N, marks: M } = schema;

const breakLine = (state, dispatch) => {
  if (state.selection.$from.parent.type !== N.paragraph) return false;
  if (dispatch) dispatch(state.tr.replaceSelectionWith(N.hard_break.create()).scrollIntoView());
  return true;
};

function within(state, type) {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    if ($from.node(depth).type === type) return depth;
  }
  return 0;
}

function listAround(state) {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    const { type } = $from.node(depth);
    if (type === N.bullet_list || type === N.ordered_list) return { depth, type };
  }
  return null;
}

// Into a list, out of it, or from one kind of list to the other.
const list = (type) => (state, dispatch) => {
  const around = listAround(state);
  if (!around) return chainCommands(wrapInList(type), plainThenList(type))(state, dispatch);
  if (around.type === type) return liftListItem(N.list_item)(state, dispatch);
  if (dispatch) dispatch(state.tr.setNodeMarkup(state.selection.$from.before(around.depth), type));
  return true;
};

// A heading becomes a paragraph first: an item holds no headings.
const plainThenList = (type) => (state, dispatch) => {
  let both = null;
  if (!setBlockType(N.paragraph)(state, (tr) => { both = tr; })) return false;
  const join = (tr) => {
    tr.steps.forEach((step) => both.step(step));
    dispatch(both.scrollIntoView());
  };
  return wrapInList(type)(state.apply(both), dispatch && join);
};

const heading = (state, dispatch) =>
  within(state, N.heading)
    ? setBlockType(N.paragraph)(state, dispatch)
    : setBlockType(N.heading, { level: 2 })(state, dispatch);

const quote = (state, dispatch) =>
  within(state, N.blockquote) ? lift(state, dispatch) : wrapIn(N.blockquote)(state, dispatch);

const table = (state, dispatch) => {
  if (isInTable(state) || within(state, N.blockquote) || listAround(state)) return false;
  if (!dispatch) return true;
  const row = (type) => N.table_row.create(null, [type.createAndFill(), type.createAndFill()]);
  const made = N.table.create(null, [row(N.table_header), row(N.table_cell), row(N.table_cell)]);
  const at = state.selection.$from;
  const isEmpty = at.parent.type === N.paragraph && !at.parent.content.size;
  const from = isEmpty ? at.before(1) : at.after(1);
  const tr = state.tr.replaceWith(from, isEmpty ? at.after(1) : from, made);
  dispatch(tr.setSelection(TextSelection.near(tr.doc.resolve(from + 3))).scrollIntoView());
  return true;
};

const inTable = (command) => (state, dispatch, view) => isInTable(state) && command(state, dispatch, view);

// "Select all" stands outside of every block: commands want it as a range of text.
export function asText(state) {
  if (!(state.selection instanceof AllSelection)) return state;
  const { doc, tr } = state;
  const range = TextSelection.between(doc.resolve(0), doc.resolve(doc.content.size));
  return state.apply(tr.setSelection(range));
}

const onText = (command) => (state, dispatch, view) => command(asText(state), dispatch, view);

const acts = {
  bold: toggleMark(M.strong),
  italic: toggleMark(M.em),
  heading,
  list: list(N.bullet_list),
  ordered: list(N.ordered_list),
  quote,
  indent: sinkListItem(N.list_item),
  outdent: (state, dispatch) => Boolean(listAround(state)) && liftListItem(N.list_item)(state, dispatch),
  table,
  headerRow: inTable(toggleHeaderRow),
  addRow: inTable(addRowAfter),
  addColumn: inTable(addColumnAfter),
  deleteRow: inTable(deleteRow),
  deleteColumn: inTable(deleteColumn),
  deleteTable: inTable(deleteTable),
};

export const commands = {};
for (const name of Object.keys(acts)) commands[name] = onText(acts[name]);
Object.assign(commands, { undo, redo });

// Tab is not here on purpose: it leaves the text, as in every other field.
export const keys = {
  "Mod-b": commands.bold,
  "Mod-i": commands.italic,
  "Mod-Alt-2": commands.heading,
  "Mod-Shift-8": commands.list,
  "Mod-Shift-7": commands.ordered,
  "Mod-Shift-9": commands.quote,
  "Mod-z": undo,
  "Shift-Mod-z": redo,
  "Mod-y": redo,
  "Mod-]": commands.indent,
  "Mod-[": commands.outdent,
  "Shift-Enter": breakLine,
  Enter: splitListItem(N.list_item),
};

// Which buttons are pressed, and which can do something here.
export function status(now) {
  const state = asText(now);
  const around = listAround(state);
  const pressed = {
    bold: hasMark(state, M.strong),
    italic: hasMark(state, M.em),
    link: Boolean(linkAt(state)),
    heading: Boolean(within(state, N.heading)),
    list: Boolean(around) && around.type === N.bullet_list,
    ordered: Boolean(around) && around.type === N.ordered_list,
    quote: Boolean(within(state, N.blockquote)),
  };
  const possible = { undo: undoDepth(state) > 0, redo: redoDepth(state) > 0, table: table(state) };
  return { pressed, possible, isInTable: isInTable(state), isInList: Boolean(around) };
}

// The link under the cursor with its whole extent, or null.
export function linkAt(now) {
  const state = asText(now);
  const { $from, from, to } = state.selection;
  const mark = M.link.isInSet($from.marks()) || ($from.nodeAfter && M.link.isInSet($from.nodeAfter.marks));
  if (!mark) return null;
  const start = $from.start();
  let begin = from;
  let end = from;
  $from.parent.forEach((child, offset) => {
    const at = start + offset;
    if (!mark.isInSet(child.marks)) return;
    if (at <= from && at + child.nodeSize >= from) {
      begin = begin === from ? at : begin;
      end = Math.max(end, at + child.nodeSize);
    } else if (at === end) {
      end = at + child.nodeSize;
    }
  });
  return { href: mark.attrs.href, from: Math.min(begin, from), to: Math.max(end, to) };
}

export function setLink(now, href, text) {
  const state = asText(now);
  const old = linkAt(state);
  const { from, to, empty } = state.selection;
  const mark = M.link.create({ href });
  if (old && empty) return state.tr.removeMark(old.from, old.to, M.link).addMark(old.from, old.to, mark);
  if (!empty) return state.tr.removeMark(from, to, M.link).addMark(from, to, mark);
  const marks = mark.addToSet(state.storedMarks || state.selection.$from.marks());
  return state.tr.replaceSelectionWith(schema.text(text || href.replace(/^(https?:\/\/|mailto:|tel:)/, ""), marks), false);
}

export function removeLink(state) {
  const old = linkAt(state) || state.selection;
  return state.tr.removeMark(old.from, old.to, M.link);
}

export function insertFigure(state, photo, caption = "") {
  const { $to } = state.selection;
  const at = $to.depth ? $to.after(1) : $to.pos;
  const figure = N.figure.create({ photo, caption });
  const tr = state.tr.insert(at, figure);
  if (at + 1 >= tr.doc.content.size) tr.insert(at + 1, N.paragraph.create());
  return tr.setSelection(TextSelection.near(tr.doc.resolve(at + 2))).scrollIntoView();
}

function hasMark(state, type) {
  const { from, to, empty, $from } = state.selection;
  if (empty) return Boolean(type.isInSet(state.storedMarks || $from.marks()));
  return state.doc.rangeHasMark(from, to, type);
}

export const freshState = (doc, plugins) => EditorState.create({ doc, plugins });
