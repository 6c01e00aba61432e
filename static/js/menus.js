// Menus made of <details>: a click elsewhere or Escape closes them, and choosing in a select sends its form.
// Without it menus stay open until they are clicked again, and the forms have their own button.

const close = (except) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
};

document.addEventListener("click", (event) => close(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement.closest("details.menu[open]");
  close();
  menu?.querySelector("summary").focus();
});

for (const form of document.querySelectorAll("form[data-send-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
