/* What guests send: each form once, however often its button is pressed, and a name that need be given once only. */
(() => {
  "use strict";

  const names = [...document.querySelectorAll("[data-guest-form] [name=name]")];
  const KEPT = "agileml-guest";
  const kept = () => {
    try { return sessionStorage.getItem(KEPT) || ""; } catch { return ""; }
  };

  const fill = (name, from) => {
    for (const field of names) if (field !== from && !field.dataset.own) field.value = name;
  };
  if (kept()) for (const field of names) field.value ||= kept();

  document.addEventListener("change", (event) => {
    if (!names.includes(event.target)) return;
    event.target.dataset.own = "yes";
    fill(event.target.value, event.target);
    try { sessionStorage.setItem(KEPT, event.target.value); } catch { /* Private windows may keep nothing. */ }
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-guest-form]")) return;
    const key = event.target.elements.key;
    key.value ||= Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  });

  /* A page that comes back by the back button must not send its next words under the key of the last ones. */
  addEventListener("pageshow", () => {
    for (const key of document.querySelectorAll("[data-guest-form] [name=key]")) if (!key.defaultValue) key.value = "";
  });
})();
