/* The glue between htmx and the page: the CSRF token, spoken messages, toasts, and what to say when a request fails. */
(() => {
  "use strict";

  const cookie = (name) =>
    document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

  /** Says a sentence to screen readers, without showing it. */
  const announce = (text) => {
    const region = document.getElementById("announce");
    region.textContent = "";
    // A region that is emptied and filled in one go is not read again when the sentence is the same.
    setTimeout(() => { region.textContent = text; }, 50);
  };

  /** Shows a sentence in the corner. tone: success, info, warning or error. */
  const toast = (text, tone = "info") => {
    const box = document.createElement("div");
    box.className = `toast ${tone}`;
    box.setAttribute("role", tone === "error" ? "alert" : "status");
    const words = document.createElement("p");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button quiet icon-only";
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", "Dismiss");
    close.textContent = "×";
    box.append(words, close);
    document.getElementById("toasts").append(box);
    leaveByItself(box);
  };

  // Good news goes away by itself, unless it is being read; whatever asks for something stays.
  const leaveByItself = (box) => {
    if (!box.matches(".success, .info")) return;
    const go = () => (box.matches(":hover, :focus-within") ? setTimeout(go, 2000) : box.remove());
    setTimeout(go, 10000);
  };

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = cookie("csrftoken");
  });

  document.addEventListener("htmx:responseError", (event) => {
    const { status, responseURL } = event.detail.xhr;
    // A log-in that ran out: the page itself says so better than a toast.
    if (status === 401) window.location.reload();
    else if (status === 403) toast("You may not do that here.", "error");
    else if (status === 404) toast("That is no longer there. Reload the page to see what is.", "error");
    else toast(`The server failed (${status}). Reload the page to see what holds.`, "error");
    console.warn("request refused", status, responseURL);
  });

  // A refresh in the background (data-quiet) that fails is tried again by itself and is no news.
  const offline = (event) => {
    if (event.detail.elt?.closest("[data-quiet]")) return;
    toast("The server cannot be reached. What you wrote is still here; try again.", "error");
  };
  document.addEventListener("htmx:sendError", offline);
  document.addEventListener("htmx:timeout", offline);

  // Sent by views as HX-Trigger: {"announce": "…"} and {"toast": {"text": "…", "tone": "success"}}.
  document.addEventListener("announce", (event) => announce(event.detail.value ?? event.detail));
  document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));

  document.addEventListener("click", (event) => {
    event.target.closest("[data-dismiss]")?.closest(".toast")?.remove();
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // On a phone the rails begin folded; what a person opened stays as it is.
  if (window.matchMedia("(max-width: 720px)").matches) {
    for (const rail of document.querySelectorAll("details[data-fold]")) rail.open = false;
  }

  for (const box of document.querySelectorAll("#toasts .toast")) leaveByItself(box);

  window.agileml = { announce, toast };
})();
