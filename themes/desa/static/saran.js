/* Saran saat mengetik (combobox WAI-ARIA) */
(() => {
 const d = document, form = d.querySelector(".isian"), box = form && form.q;
 if (!box) return;
 const list = d.createElement("ul"), all = list.children;
 let timer, asked, at;
 const set = (e, name, value) => e.setAttribute("aria-" + name, value);
 const close = () => {
  list.hidden = true; at = -1;
  set(box, "expanded", false); set(box, "activedescendant", "");
 };
 const mark = next => {
  all[at] && set(all[at], "selected", false);
  at = (next + all.length) % all.length;
  set(all[at], "selected", true); set(box, "activedescendant", all[at].id);
 };
 const take = option => { box.value = option.textContent; close(); form.submit(); };
 const show = texts => {
  close();
  list.textContent = "";
  texts.forEach((text, i) => {
   const li = d.createElement("li");
   li.id = "saran" + i; li.setAttribute("role", "option"); set(li, "selected", false);
   li.textContent = text; list.append(li);
  });
  list.hidden = !all[0];
  set(box, "expanded", !list.hidden);
 };
 const ask = () => {
  const text = asked = box.value;
  fetch(form.action + "/saran?q=" + encodeURIComponent(text)).then(r => r.json())
   .then(found => text === asked && show(found[1])).catch(close);
 };
 list.id = list.className = "saran";
 list.setAttribute("role", "listbox"); set(list, "label", box.labels[0].textContent);
 form.append(list);
 box.setAttribute("role", "combobox");
 set(box, "autocomplete", "list"); set(box, "controls", "saran");
 close();
 box.oninput = () => { clearTimeout(timer); timer = setTimeout(ask, 150); };
 box.onblur = () => { asked = 0; close(); };
 box.onkeydown = e => {
  const key = e.key;
  if (list.hidden) return;
  if (key === "ArrowDown") mark(at + 1);
  else if (key === "ArrowUp") mark(at < 0 ? -1 : at - 1);
  else if (key === "Escape") close();
  else if (key === "Enter" && all[at]) take(all[at]);
  else return;
  e.preventDefault();
 };
 list.onmousedown = e => e.preventDefault();
 list.onclick = e => e.target === list || take(e.target);
})();
