/* Light, dark or as the system has it: seen at once, kept by the server. Without a script the form does it alone. */
(() => {
  "use strict";

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]") || !event.submitter) return;
    event.preventDefault();
    const chosen = event.submitter;
    document.documentElement.dataset.theme = chosen.value;
    for (const button of form.querySelectorAll("[aria-pressed]")) {
      button.setAttribute("aria-pressed", String(button === chosen));
    }
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form, chosen), redirect: "manual" });
    if (answer.type !== "opaqueredirect" && !answer.ok) {
      window.agileml.toast("The theme could not be kept; it holds until you reload.", "warning");
    }
  });
})();
