// The form as plain values and back. What belongs to one page only (token, files) is left out.
const SKIPPED = ["_token", "_submission", "do", "sends_shown", "note", "at"];

export function fieldsOf(form) {
  const found = {};
  for (const node of form.elements) {
    if (!node.name || SKIPPED.includes(node.name) || /^(button|submit|file|reset|password)$/.test(node.type)) continue;
    if (node.type === "checkbox") found[node.name] = node.checked ? node.value : "";
    else if (node.type === "radio") found[node.name] = node.checked ? node.value : found[node.name] || "";
    else found[node.name] = node.value;
  }
  return found;
}

// Put kept values into the form; the text goes through the editor where there is one.
export function fill(form, fields) {
  for (const node of form.elements) {
    if (!(node.name in fields) || node.type === "file") continue;
    const value = fields[node.name];
    if (node.desaEditor && fields.format === "html") node.desaEditor.open(value);
    else if (node.type === "checkbox" || node.type === "radio") node.checked = node.value === value;
    else node.value = value;
  }
  form.querySelectorAll("[data-count], [data-grow]").forEach((node) => {
    node.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

const PLACE = ["version", "base_revision_id", "format", "sheet"];

// Tell whether two sets of values say the same; where they started from does not count.
export function isSame(one, other) {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => PLACE.includes(name) || (one[name] || "") === (other[name] || ""));
}
