// What the writing surface uses of ProseMirror; everything else stays out of the built files.
export { DOMParser, DOMSerializer, Fragment, Schema, Slice } from "prosemirror-model";
export { AllSelection, EditorState, NodeSelection, Plugin, Selection, TextSelection } from "prosemirror-state";
export { Decoration, DecorationSet, EditorView } from "prosemirror-view";
export { history, redo, redoDepth, undo, undoDepth } from "prosemirror-history";
export { keymap } from "prosemirror-keymap";
export { baseKeymap, chainCommands, lift, setBlockType, toggleMark, wrapIn } from "prosemirror-commands";
export { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
export {
  addColumnAfter, addRowAfter, deleteColumn, deleteRow, deleteTable, isInTable, tableEditing,
  tableNodes, toggleHeaderRow,
} from "prosemirror-tables";
export { gapCursor } from "prosemirror-gapcursor";
