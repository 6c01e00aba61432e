// Shows what moved when rows are replaced: each row slides from its old place, and rises green or sinks red for a moment.
// Without it, or with reduced motion, rows are simply replaced.

const still = matchMedia("(prefers-reduced-motion: reduce)");
const SLIDE = { duration: 420, easing: "cubic-bezier(.2,.8,.2,1)" };
let before = new Map();

const rowsIn = (element) => element.querySelectorAll("[data-board-row]");
const tableOf = (row) => (row.closest("[data-top]") ? "top" : "around");
const keyOf = (row) => `${tableOf(row)}:${row.dataset.player}`;

const remember = (element) => {
  if (still.matches) return;
  for (const row of rowsIn(element)) {
    before.set(keyOf(row), { top: row.offsetTop, rank: Number(row.dataset.rank), score: row.dataset.score });
  }
};

document.addEventListener("htmx:beforeSwap", (event) => event.detail.shouldSwap && remember(event.detail.target));
document.addEventListener("htmx:sseBeforeMessage", (event) => remember(event.target));

document.addEventListener("htmx:afterSettle", () => {
  if (!before.size) return;
  for (const row of rowsIn(document)) {
    const old = before.get(keyOf(row));
    if (!old) {
      row.classList.add("risen");
      continue;
    }
    const rank = Number(row.dataset.rank);
    if (rank > old.rank) row.classList.add("sunk");
    else if (rank < old.rank || row.dataset.score !== old.score) row.classList.add("risen");
    const distance = old.top - row.offsetTop;
    if (distance) row.animate([{ transform: `translateY(${distance}px)` }, { transform: "none" }], SLIDE);
  }
  before = new Map();
});
