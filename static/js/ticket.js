/* A ticket's page after something was done in its dialog: the parts that tell where it stands are put in anew, and what
   is being written in the forms beside them stays. */
(() => {
  "use strict";

  document.body.addEventListener("board:refresh", async () => {
    const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-part]")) {
      const now = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
      if (!now || now.innerHTML === part.innerHTML) continue;
      part.innerHTML = now.innerHTML;
      window.htmx.process(part);
    }
  });
})();
