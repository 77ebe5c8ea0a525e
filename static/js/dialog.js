/* The one dialog of a page: whatever htmx puts into #dialog is shown as a dialog, and goes away whole. */
(() => {
  "use strict";

  const dialog = document.getElementById("dialog");
  let opener = null;

  const name = () => {
    const title = dialog.querySelector("h2");
    if (!title) return;
    title.id ||= "dialog-title";
    dialog.setAttribute("aria-labelledby", title.id);
  };

  const open = () => {
    name();
    if (dialog.open) return;
    opener = document.activeElement;
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  };

  dialog.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== dialog) return;
    if (dialog.childElementCount) open();
    else dialog.close();
  });

  // Emptied when it closes, so that a draft or an id of the last one cannot be met in the next.
  dialog.addEventListener("close", () => {
    dialog.replaceChildren();
    dialog.removeAttribute("aria-labelledby");
    // The card that opened it may have been swapped for its newer self: same id, other element.
    const back = opener?.isConnected ? opener : opener?.id && document.getElementById(opener.id);
    if (back) back.focus();
    opener = null;
  });

  // Pressing on the shade closes it, but not after something was typed: a slip must not cost a draft.
  const written = () => [...dialog.querySelectorAll("textarea, input")].some(
    (field) => field.type !== "hidden" && field.value !== field.defaultValue,
  );
  dialog.addEventListener("mousedown", (event) => {
    if (event.target === dialog && !written()) dialog.close();
  });

  dialog.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-close]");
    if (!closer) return;
    event.preventDefault();
    dialog.close();
  });

  // Sent by views as HX-Trigger: "dialog:close" once the work is done.
  document.addEventListener("dialog:close", () => dialog.open && dialog.close());

  window.agileml = Object.assign(window.agileml ?? {}, {
    /** Shows ready-made elements in the dialog. */
    showDialog: (...nodes) => {
      dialog.replaceChildren(...nodes);
      open();
    },
  });
})();
