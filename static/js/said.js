/* What is said of a demo appears where it belongs while the page stands: entries are put in one by one, so that nothing
   else moves, and a form in which somebody writes is left alone. live.js says when there is news. */
(() => {
  "use strict";

  const { page = location.pathname } = document.querySelector("[data-events]").dataset;
  const ANYWAY_MS = 60_000; // where there is no line to the server

  /** Whether somebody is at an entry: has the focus in it, or has unfolded its form. */
  const busy = (entry) => entry.contains(document.activeElement) || entry.querySelector("details[open]") !== null;

  const put = (entry, list, before) => {
    const stands = document.getElementById(entry.id);
    if (!stands) {
      list.insertBefore(entry, before ? before.nextElementSibling : list.firstElementChild);
    } else if (Number(entry.dataset.revision) > Number(stands.dataset.revision) && !busy(stands)) {
      stands.replaceWith(entry);
    } else {
      return stands;
    }
    window.htmx?.process(entry);
    return entry;
  };

  const refresh = async () => {
    try {
      const answer = await fetch(page, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const list of fresh.querySelectorAll("[data-said]")) {
        const stands = document.getElementById(list.id);
        if (!stands) continue; // of an item that this page does not show
        let before = null;
        for (const entry of [...list.children]) before = put(entry, stands, before);
      }
      for (const part of fresh.querySelectorAll("[data-part]")) {
        const stands = document.querySelector(`[data-part="${part.dataset.part}"]`);
        if (!stands || stands.contains(document.activeElement)) continue;
        if (stands.innerHTML !== part.innerHTML) stands.innerHTML = part.innerHTML;
      }
    } catch { /* Offline: the page shows what it has. When it is back the line says how far all has got. */ }
  };

  document.body.addEventListener("board:refresh", refresh);
  setInterval(refresh, ANYWAY_MS);
})();
