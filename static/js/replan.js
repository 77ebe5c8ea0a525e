/* A re-plan's draft outlives a reload and a lost connection: it is kept in this browser until it is decided or discarded. */
(() => {
  "use strict";

  const form = document.getElementById("replan");
  if (!form) return;
  const KEPT = `agileml-replan-${form.dataset.draft}`;
  const NOT_KEPT = new Set(["csrfmiddlewaretoken", "base", "finding", "search"]);

  const read = () => {
    try { return JSON.parse(localStorage.getItem(KEPT)); } catch { return null; }
  };
  const keep = (draft) => {
    try { localStorage.setItem(KEPT, JSON.stringify(draft)); } catch { /* Private windows may keep nothing. */ }
  };
  const forget = () => {
    try { localStorage.removeItem(KEPT); } catch { /* Nothing was kept. */ }
  };

  const entries = () => [...new FormData(form)].filter(([name, value]) => !NOT_KEPT.has(name) && typeof value === "string");
  const untouched = JSON.stringify(entries());
  const note = form.querySelector("[data-draft-note]");

  const save = () => {
    const now = entries();
    if (JSON.stringify(now) === untouched && !("kept" in form.dataset)) return forget();
    keep({ at: Date.now(), base: form.dataset.base, entries: now });
    note.textContent = "Draft kept in this browser. Nothing changes until you decide.";
  };

  // One more row: a copy of the last, emptied. Without a script the button asks the server for it.
  const anotherRow = (button) => {
    const rows = button.closest(".more, .stack").querySelectorAll(".part");
    const last = rows[rows.length - 1];
    const row = last.cloneNode(true);
    for (const field of row.querySelectorAll("input")) field.value = "";
    for (const error of row.querySelectorAll(".bad")) error.remove();
    last.after(row);
    return row;
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-more]");
    if (!button) return;
    event.preventDefault();
    anotherRow(button).querySelector("input").focus();
  });

  // Who waits for what leaves is skipped too: its own choice is ticked, as a person would. Without a script the server does.
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-also]");
    const skip = button && form.querySelector(`[name="do-${button.value}"][value=skip]`);
    if (!skip) return;
    event.preventDefault();
    skip.checked = true;
    skip.focus();
    skip.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // Puts a kept draft back, row by row: several fields may share a name, and rows may have to be made first.
  const restore = (draft) => {
    const wanted = new Map();
    for (const [name, value] of draft.entries) wanted.set(name, [...(wanted.get(name) ?? []), value]);
    for (const [name, values] of wanted) {
      if (!name.endsWith("-title")) continue;
      for (let have = form.elements[name]; have && (have.length ?? 1) < values.length; have = form.elements[name]) {
        anotherRow((have[0] ?? have).closest(".more, .stack").querySelector("[data-more]"));
      }
    }
    const used = new Map();
    for (const field of form.elements) {
      if (!field.name || NOT_KEPT.has(field.name) || field.type === "submit" || field.type === "button") continue;
      const values = wanted.get(field.name) ?? [];
      if (field.type === "radio" || field.type === "checkbox") {
        if (values.length || field.type === "checkbox") field.checked = values.includes(field.value);
      } else if (values.length) {
        const at = used.get(field.name) ?? 0;
        if (at < values.length) field.value = values[at];
        used.set(field.name, at + 1);
      }
    }
    bringIn(wanted.get("add") ?? []);
    form.dispatchEvent(new Event("change", { bubbles: true }));
  };

  // Tickets that were ticked after a search are not on the page now: name them, and let the server list them again.
  const bringIn = (numbers) => {
    const list = document.getElementById("candidates");
    const listed = new Set([...form.querySelectorAll("[name=add]")].map((box) => box.value));
    const missing = numbers.filter((number) => !listed.has(number));
    for (const value of missing) list.append(Object.assign(document.createElement("input"), { type: "hidden", name: "add", value }));
    if (missing.length) window.htmx.trigger(form.elements.search, "search");
  };

  const offer = () => {
    const draft = read();
    if (!draft || "kept" in form.dataset) return;
    // It was sent, and the plan has moved on since: it was decided.
    if (draft.sent && Number(form.dataset.base) > Number(draft.base)) return forget();
    if (JSON.stringify(draft.entries) === untouched) return;
    const box = form.querySelector("[data-offer]");
    box.querySelector("[data-offer-when]").textContent = `on ${new Date(draft.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
    if (Number(form.dataset.base) > Number(draft.base)) {
      const since = box.querySelector("[data-offer-since]");
      since.href = `${form.dataset.history}?from=${draft.base}&to=${form.dataset.base}#plan`;
      since.textContent = `The plan has moved on from v${draft.base} to v${form.dataset.base} since`;
      since.hidden = false;
    }
    box.hidden = false;
    box.querySelector("[data-restore]").addEventListener("click", () => {
      box.hidden = true;
      restore(draft);
    });
    box.querySelector("[data-discard]").addEventListener("click", () => {
      box.hidden = true;
      forget();
    });
  };

  // What is perhaps affected is marked where it stands, too.
  const mark = () => {
    const perhaps = new Set((form.querySelector("[data-perhaps]")?.dataset.perhaps ?? "").split(" "));
    for (const line of form.querySelectorAll(".lines > li[id]")) {
      line.classList.toggle("perhaps", perhaps.has(line.id.replace("line-", "")) && !line.classList.contains("refused"));
    }
  };
  form.addEventListener("htmx:afterSwap", mark);

  form.addEventListener("change", save);
  form.addEventListener("input", save);

  const lostNote = form.querySelector("[data-lost]");
  let waiting = 0;

  const isThere = async () => {
    try {
      return (await fetch(form.dataset.alive, { cache: "no-store", signal: AbortSignal.timeout(8000) })).ok;
    } catch {
      return false;
    }
  };

  const lost = (what) => {
    lostNote.textContent = `The server cannot be reached. ${what} Your draft is kept in this browser.`;
    lostNote.hidden = false;
    clearTimeout(waiting);
    waiting = setTimeout(lookAgain, 4000);
  };

  const found = () => {
    clearTimeout(waiting);
    lostNote.hidden = true;
  };

  const lookAgain = async () => {
    if (lostNote.hidden) return;
    if (!(await isThere())) {
      waiting = setTimeout(lookAgain, 4000);
      return;
    }
    found();
    form.dispatchEvent(new Event("change", { bubbles: true })); // what follows is told anew
  };
  window.addEventListener("online", lookAgain);

  const previewLost = () => lost("What follows from the draft is not up to date.");
  form.addEventListener("htmx:sendError", previewLost);
  form.addEventListener("htmx:timeout", previewLost);
  form.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status >= 502) previewLost(); });
  form.addEventListener("htmx:afterOnLoad", found);

  // Whether the server is there is asked first: the browser's own page about a lost connection would take this one away.
  let answered = false;
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    // Enter in a field asks for the preview, which is there already.
    if (button?.name === "preview") return event.preventDefault();
    if (answered) return keep({ at: Date.now(), base: form.dataset.base, entries: entries(), sent: true });
    event.preventDefault();
    if (button) button.disabled = true;
    answered = await isThere();
    if (button) button.disabled = false;
    if (!answered) {
      lost("Nothing was decided: press the button again when you are back.");
      return save();
    }
    found();
    form.requestSubmit(button);
    answered = false;
  });

  offer();
  if ("kept" in form.dataset) save();
  // What was refused is what a person looks for first.
  const refused = form.querySelector("[role=alert]:not([hidden])");
  if (refused) {
    refused.scrollIntoView({ block: "center" });
    if (refused.tabIndex === -1) refused.focus({ preventScroll: true });
  }
})();
