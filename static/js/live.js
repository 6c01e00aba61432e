// Keeps a page live: rows and notices arrive over one stream of server-sent events; where that does not work, parts of the
// page are polled. Nothing runs in a hidden tab. Without it htmx polls plainly; without htmx the page shows what was true
// when it was opened.

import { dismiss, toast } from "./toasts.js";

const EVENTS = {
  before: "htmx:beforeRequest",
  swap: "htmx:beforeSwap",
  swapped: "htmx:afterSwap",
  failed: "htmx:responseError",
  lost: "htmx:sendError",
  done: "htmx:afterRequest",
};
const NEWS = ["ping", "unlock", "rank", "backfill"]; // what carries an id
const LAST = "gamify-last-news"; // in the session's storage: the id of the latest news, so that a new page misses none
const FIRST_PAUSE = 1000; // milliseconds before the first try to connect again
const LONGEST_PAUSE = 30000;
const REGION = document.getElementById("toasts");
const etags = new Map();

const isPolled = (element) => element.matches("[data-polled]");
const refreshAll = () => document.querySelectorAll("[data-polled]").forEach((part) => htmx.trigger(part, "refresh"));

// The stream

/** An EventSource as htmx's extension wants it, which sleeps while the tab is hidden and comes back where it left off. */
class Stream extends EventTarget {
  readyState = EventSource.OPEN; // the extension never has to connect again: this does

  constructor(url) {
    super();
    this.url = url;
    this.pause = FIRST_PAUSE;
    this.names = new Set(NEWS);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.sleep() : this.connect()));
    addEventListener("pagehide", () => this.sleep());
    if (!document.hidden) queueMicrotask(() => this.connect());
  }

  addEventListener(name, listener) {
    super.addEventListener(name, listener);
    this.names.add(name);
    this.source?.addEventListener(name, this.pass);
  }

  pass = (message) => {
    if (message.lastEventId) sessionStorage.setItem(LAST, message.lastEventId);
    this.dispatchEvent(new MessageEvent(message.type, { data: message.data, lastEventId: message.lastEventId }));
  };

  connect() {
    if (this.source) return;
    const url = new URL(this.url, location.href);
    const last = sessionStorage.getItem(LAST);
    if (last) url.searchParams.set("last", last);
    this.source = new EventSource(url, { withCredentials: true });
    for (const name of this.names) this.source.addEventListener(name, this.pass);
    this.source.onopen = () => {
      this.pause = FIRST_PAUSE;
      show(true);
    };
    this.source.onerror = () => {
      show(false);
      if (this.source?.readyState === EventSource.CLOSED) this.again();
    };
  }

  /** After a refusal, from which browsers do not come back by themselves. */
  again() {
    this.sleep();
    setTimeout(() => !document.hidden && this.connect(), this.pause * (0.5 + Math.random()));
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
  }

  sleep() {
    this.source?.close();
    this.source = undefined;
    show(false);
  }

  close() {
    this.sleep();
  }
}

htmx.createEventSource = (url) => new Stream(url);

/** Says whether rows arrive by themselves; where they do not, they are asked for. */
function show(isLive) {
  document.body.classList.toggle("is-live", isLive);
  for (const state of document.querySelectorAll("[data-live-state]")) {
    state.classList.toggle("good", isLive);
    state.lastElementChild.textContent = isLive ? state.dataset.live : state.dataset.paused;
  }
}

// The visitor's own row: everybody is sent the same ones.
document.addEventListener(EVENTS.swapped, (event) => {
  show(document.body.classList.contains("is-live"));
  const table = event.target.closest?.("[data-you]");
  const mine = table?.querySelector(`[data-player="${CSS.escape(document.body.dataset.me ?? "")}"]`);
  if (!mine || mine.classList.contains("me")) return;
  mine.classList.add("me");
  mine.setAttribute("aria-current", "true");
  const you = document.createElement("span");
  you.className = "you";
  you.textContent = table.dataset.you;
  mine.querySelector("bdi").parentElement.after(" ", you);
});

// Polling

document.addEventListener(EVENTS.before, (event) => {
  const isAsked = event.detail.requestConfig?.triggeringEvent;
  const isNeeded = isAsked || !document.body.classList.contains("is-live");
  if (isPolled(event.detail.elt) && (document.hidden || !isNeeded)) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refreshAll();
});

document.addEventListener(EVENTS.swap, (event) => {
  const { target, xhr } = event.detail;
  const etag = xhr.getResponseHeader("ETag");
  if (!etag || !target.id) return;
  if (etags.get(target.id) === etag) event.detail.shouldSwap = false;
  etags.set(target.id, etag);
});

document.addEventListener(EVENTS.done, (event) => {
  if (event.detail.successful) dismiss(REGION.dataset.lost);
});
document.addEventListener(EVENTS.lost, () => toast(REGION.dataset.lost, 3600));
document.addEventListener(EVENTS.failed, (event) => {
  if (event.detail.xhr.status >= 500) toast(REGION.dataset.lost, 3600);
  else toast(REGION.dataset.failed);
});
