// The write page: counts the title's letters and saves on Ctrl+S. All of it works without this.
const title = document.querySelector("[data-count]");
const shown = title && document.getElementById(title.dataset.count);

function count() {
  const n = Array.from(title.value.trim()).length;
  shown.textContent = String(n);
  shown.classList.toggle("lebih", n > 70);
}

if (shown) {
  title.addEventListener("input", count);
  count();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
    const save = document.querySelector("[aria-keyshortcuts='Control+S']");
    if (save) {
      event.preventDefault();
      save.click();
    }
  }
});
