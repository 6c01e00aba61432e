// Applies the colour theme that was chosen here before the page is painted, and runs the switch in the header.
// Loaded in the head, not deferred. Without it the page follows the system's theme and there is no switch.

(() => {
  const choices = ["system", "light", "dark"];
  const root = document.documentElement;

  const stored = () => {
    try {
      const value = localStorage.getItem("theme");
      return choices.includes(value) ? value : "system";
    } catch {
      return "system"; // storage is off
    }
  };

  const apply = (choice) => {
    if (choice === "system") delete root.dataset.theme;
    else root.dataset.theme = choice;
  };

  const show = (button, choice) => {
    button.dataset.choice = choice;
    button.setAttribute("aria-label", button.dataset[`label${choice[0].toUpperCase()}${choice.slice(1)}`]);
    button.title = button.getAttribute("aria-label");
  };

  apply(stored());

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".theme-switch");
    if (!button) return;
    show(button, stored());
    button.addEventListener("click", () => {
      const choice = choices[(choices.indexOf(stored()) + 1) % choices.length];
      try {
        localStorage.setItem("theme", choice);
      } catch {
        // it holds until the next page
      }
      apply(choice);
      show(button, choice);
    });
  });
})();
