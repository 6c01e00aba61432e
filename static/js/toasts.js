// Short notices in the page's one status region. Without it requests that fail in the background fail silently.

const REGION = document.getElementById("toasts");
const shown = new Map();

/** Shows a notice once; the same text again only keeps it. It goes after `seconds`, or when `dismiss` is called. */
export function toast(text, seconds = 8) {
  dismiss(text);
  const notice = document.createElement("p");
  notice.className = "toast";
  notice.textContent = text;
  REGION.append(notice);
  shown.set(text, { notice, timer: setTimeout(() => dismiss(text), seconds * 1000) });
}

/** Takes a notice away. */
export function dismiss(text) {
  const entry = shown.get(text);
  if (!entry) return;
  clearTimeout(entry.timer);
  entry.notice.remove();
  shown.delete(text);
}

// What a request did besides: the server names it in the HX-Trigger header.
document.addEventListener("toast", (event) => {
  for (const text of event.detail.texts) toast(text);
});
