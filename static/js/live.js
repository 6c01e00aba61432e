// Keeps polled parts quiet and honest: no polling in a hidden tab, no swap when nothing changed, and a notice while the
// server does not answer. Without it htmx polls plainly; without htmx the page shows what was true when it was opened.

import { dismiss, toast } from "./toasts.js";

const EVENTS = {
  before: "htmx:beforeRequest",
  swap: "htmx:beforeSwap",
  failed: "htmx:responseError",
  lost: "htmx:sendError",
  done: "htmx:afterRequest",
};
const LOST = document.getElementById("toasts").dataset.lost;
const FAILED = document.getElementById("toasts").dataset.failed;
const etags = new Map();

const isPolled = (element) => element.matches("[data-polled]");

document.addEventListener(EVENTS.before, (event) => {
  if (document.hidden && isPolled(event.detail.elt)) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-polled]")) htmx.trigger(element, "refresh");
});

document.addEventListener(EVENTS.swap, (event) => {
  const { target, xhr } = event.detail;
  const etag = xhr.getResponseHeader("ETag");
  if (!etag || !target.id) return;
  if (etags.get(target.id) === etag) event.detail.shouldSwap = false;
  etags.set(target.id, etag);
});

document.addEventListener(EVENTS.done, (event) => {
  if (event.detail.successful) dismiss(LOST);
});
document.addEventListener(EVENTS.lost, () => toast(LOST, 3600));
document.addEventListener(EVENTS.failed, (event) => {
  if (event.detail.xhr.status >= 500) toast(LOST, 3600);
  else toast(FAILED);
});
