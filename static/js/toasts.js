// Short notices in the page's one status region, the latest last. They wait while one points at them or has the focus in
// them, and can be dismissed or switched off. Without it requests that fail in the background fail silently.

const REGION = document.getElementById("toasts");
const SWITCH = document.querySelector(".notices-switch");
const OFF = "gamify-notices-off";
const MOST = 3; // at once; the others are told of in one line
const SECONDS = 8;
const timers = new Map();

const find = (text) => [...REGION.children].find((notice) => notice.dataset.text === text);
const isWaiting = () => REGION.matches(":hover, :focus-within");

/** Shows a notice once; the same text again only keeps it. It goes after `seconds`, or when `dismiss` is called. */
export function toast(text, seconds = SECONDS) {
  const notice = find(text) ?? document.createElement("div");
  notice.className = "toast";
  notice.dataset.text = text;
  if (!notice.isConnected) {
    const words = document.createElement("p");
    words.textContent = text;
    notice.append(words);
    REGION.append(notice);
  }
  begin(notice, seconds);
}

/** Takes a notice away. */
export function dismiss(text) {
  const notice = find(text);
  if (notice) remove(notice);
}

function remove(notice) {
  clearTimeout(timers.get(notice));
  timers.delete(notice);
  notice.remove();
}

function begin(notice, seconds) {
  clearTimeout(timers.get(notice));
  const end = () => (isWaiting() ? timers.set(notice, setTimeout(end, 1000)) : remove(notice));
  timers.set(notice, setTimeout(end, seconds * 1000));
}

function addButton(notice) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "dismiss";
  button.setAttribute("aria-label", REGION.dataset.dismiss);
  button.textContent = "\u00d7";
  button.addEventListener("click", () => remove(notice));
  notice.append(button);
}

/** Of many at once, as after a lost connection, the latest are shown and the others counted. */
function gather() {
  const news = [...REGION.querySelectorAll("[data-toast]")];
  const hidden = news.slice(0, Math.max(0, news.length - MOST));
  if (!hidden.length) return;
  const before = REGION.querySelector("[data-more-of]");
  const count = hidden.length + Number(before?.dataset.moreOf ?? 0);
  hidden.forEach(remove);
  if (before) remove(before);
  toast(REGION.dataset.more.replace("#", count));
  const line = REGION.lastElementChild;
  line.dataset.moreOf = count;
  REGION.prepend(line);
}

// Notices arrive by themselves: htmx puts those of the stream into the region.
new MutationObserver((changes) => {
  for (const notice of changes.flatMap((change) => [...change.addedNodes])) {
    if (!notice.classList?.contains("toast")) continue;
    if (notice.dataset.toast && localStorage.getItem(OFF)) {
      notice.remove();
      continue;
    }
    if (!notice.querySelector(".dismiss")) addButton(notice);
    if (!timers.has(notice)) begin(notice, SECONDS);
  }
  gather();
}).observe(REGION, { childList: true });

if (SWITCH) {
  const show = () => {
    const isOn = !localStorage.getItem(OFF);
    SWITCH.setAttribute("aria-pressed", String(isOn));
    SWITCH.lastElementChild.textContent = isOn ? SWITCH.dataset.on : SWITCH.dataset.off;
  };
  SWITCH.addEventListener("click", () => {
    if (localStorage.getItem(OFF)) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
    show();
  });
  show();
}

// What a request did besides: the server names it in the HX-Trigger header. A stream brings the same by itself.
document.addEventListener("toast", (event) => {
  if (document.body.classList.contains("is-live")) return;
  for (const text of event.detail.texts) toast(text);
});
