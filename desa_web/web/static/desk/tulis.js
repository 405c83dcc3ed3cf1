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

// The first photo that arrives becomes the lead picture, unless one is chosen.
document.addEventListener("desa:foto-siap", (event) => {
  const form = event.target.closest("form");
  const lead = form && form.elements.namedItem("lead_photo_id");
  if (lead && lead instanceof HTMLInputElement && lead.type === "hidden" && !lead.value) {
    event.preventDefault();
    lead.value = event.detail.id;
    lead.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// What to look at before sending, asked anew once the server holds what was typed: only while the
// list can be seen, and not more often than somebody could read it.
const points = document.querySelector("[data-points]");
const state = document.querySelector("[data-autosave-status]");
const REST_MS = 4000;
let isSeen = false;
let isNews = false;
let timer = 0;

async function ask() {
  isNews = false;
  timer = setTimeout(() => {
    timer = 0;
    askIfNew();
  }, REST_MS);
  const answer = await fetch(points.dataset.points, { credentials: "same-origin" }).catch(() => null);
  if (answer && answer.ok && !answer.redirected) points.innerHTML = await answer.text();
}

function askIfNew() {
  if (isSeen && isNews && !timer) ask();
}

if (points && state && "IntersectionObserver" in window) {
  new IntersectionObserver(([entry]) => {
    isSeen = entry.isIntersecting;
    askIfNew();
  }).observe(points);
  new MutationObserver(() => {
    isNews = isNews || state.dataset.state === "there";
    askIfNew();
  }).observe(state, { childList: true });
}

// Headlines and summaries grow with their text.
for (const area of document.querySelectorAll("textarea[data-grow], #standfirst")) {
  const grow = () => {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  };
  area.addEventListener("input", grow);
  grow();
}
