/* The backlog in order by mouse and by keys, and many tickets ticked at once. Every move is a form's answer: what the
   server says is what stands, so a move that is refused is seen where it was. Fingers use the buttons. */
(() => {
  "use strict";

  const MARKED_MS = 6000;
  const form = () => document.querySelector("#tickets[data-order]");
  const row = (number) => document.getElementById(`ticket-${number}`);
  const numberOf = (item) => item.id.slice("ticket-".length);
  const rowAt = (target) => target.closest?.("#tickets[data-order] .items > li[id]");

  /* ── One move at a time: what was ticked and focused comes back after it, and where the row went is told. ── */
  let moving = null;

  const remember = (number, undo = null) => {
    const boxes = [...document.querySelectorAll("#tickets .pick :checked")];
    moving = { number, undo, focus: document.activeElement?.id, ticked: boxes.map((box) => box.value) };
  };

  const tell = (item) => {
    const list = [...item.parentElement.children].filter((one) => one.id);
    const key = item.querySelector(".key").textContent;
    const where = item.closest("section").getAttribute("aria-label");
    const words = `${key} is now ${list.indexOf(item) + 1} of ${list.length}${where ? ` in ${where}` : ""}`;
    window.agileml.announce(words);
  };

  const arrived = () => {
    const { number, focus, ticked } = moving;
    moving = null;
    for (const box of document.querySelectorAll("#tickets .pick input")) box.checked = ticked.includes(box.value);
    count();
    const item = row(number);
    const focused = (focus && document.getElementById(focus)) || document.getElementById(`open-${number}`);
    focused?.focus({ preventScroll: true });
    if (!item || document.querySelector("#backlog .errors")) {
      document.querySelector("#backlog .errors")?.focus();
      return; // the reasons are read out where they stand
    }
    item.classList.add("changed");
    setTimeout(() => row(number)?.classList.remove("changed"), MARKED_MS);
    item.scrollIntoView({ block: "nearest" });
    tell(item);
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    const number = event.detail.elt.id?.match(/^(?:up|down)-(\d+)$/)?.[1];
    if (number) remember(number);
  });
  document.addEventListener("htmx:afterSettle", () => { if (moving) arrived(); });
  document.addEventListener("htmx:afterRequest", (event) => {
    const status = event.detail.xhr?.status ?? 0;
    if (!moving || event.detail.successful || status === 422) return;
    moving.undo?.(); // not reached, or gone: it lies where it lay, and app.js says why
    moving = null;
  });

  /* ── More of a story: the focus goes on to the first of what came. ── */
  let before = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    before = event.detail.elt.closest?.(".items > .more")?.previousElementSibling ?? null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    const first = before?.isConnected && before.nextElementSibling;
    before = null;
    if (!first?.id) return;
    first.querySelector(".title a").focus({ preventScroll: true });
    const came = [...first.parentElement.children].filter((one) => one.id).length;
    const count = first.closest("section").querySelector(".story-head .count");
    const many = count?.textContent.split(" of ").pop();
    if (count) count.textContent = came < Number(many) ? `${came} of ${many}` : many;
    window.agileml.announce(`${came} of ${many ?? came} are shown now`);
  });

  const place = (item, undo) => {
    const next = item.nextElementSibling;
    const values = { do: `place:${numberOf(item)}` };
    if (next?.id) values.before = numberOf(next);
    else values.after = numberOf(item.previousElementSibling);
    remember(numberOf(item), undo);
    const url = document.getElementById(`up-${numberOf(item)}`)?.getAttribute("hx-post") ?? form().dataset.order;
    window.htmx.ajax("POST", url, { target: "#backlog", swap: "outerHTML", values });
  };

  /* ── By keys: Alt and an arrow moves the row that has the focus. ── */
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
    const item = way && rowAt(event.target);
    if (!item) return;
    event.preventDefault();
    if (!moving) document.getElementById(`${way}-${numberOf(item)}`)?.click();
  });

  /* ── By mouse: a row is dragged within its list. ── */
  let dragged = null;
  const gap = document.createElement("li");
  gap.className = "drop-here";
  gap.setAttribute("aria-hidden", "true");

  document.addEventListener("pointerdown", (event) => {
    const item = rowAt(event.target);
    if (item && event.pointerType === "mouse" && !event.target.closest("button, input, label")) item.draggable = true;
  });
  document.addEventListener("pointerup", (event) => rowAt(event.target)?.removeAttribute("draggable"));
  document.addEventListener("dragstart", (event) => {
    const item = event.target.closest?.("#tickets[data-order] .items > li") ?? null;
    if (!item?.draggable || moving) return;
    dragged = item;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", item.querySelector(".key").textContent);
    const box = item.getBoundingClientRect();
    event.dataTransfer.setDragImage(item, event.clientX - box.left, event.clientY - box.top);
    requestAnimationFrame(() => item.classList.add("dragging"));
  });
  document.addEventListener("dragover", (event) => {
    if (!dragged) return;
    const list = dragged.parentElement;
    if (event.target.closest?.(".items") !== list) {
      gap.remove();
      return;
    }
    event.preventDefault();
    const below = [...list.children].find((item) => {
      if (item === gap) return false;
      if (!item.id) return true; // the link to more of them stays last
      const box = item.getBoundingClientRect();
      return event.clientY < box.top + box.height / 2;
    });
    if (gap.parentElement !== list || gap.nextElementSibling !== (below ?? null)) list.insertBefore(gap, below ?? null);
  });
  document.addEventListener("drop", (event) => {
    if (!dragged || !gap.isConnected) return;
    event.preventDefault();
    const item = dragged;
    const list = item.parentElement;
    const was = item.nextElementSibling;
    if (gap.nextElementSibling === item || gap.previousElementSibling === item) return;
    gap.replaceWith(item);
    place(item, () => { if (list.isConnected) list.insertBefore(item, was); });
  });
  document.addEventListener("dragend", () => {
    gap.remove();
    dragged?.classList.remove("dragging");
    dragged?.removeAttribute("draggable");
    dragged = null;
  });

  /* ── Ticking: a range with Shift, all of the page with one box, and how many it is. ── */
  let last = null;
  const boxes = () => [...document.querySelectorAll("#tickets .pick input")];
  function count() {
    const all = boxes();
    const ticked = all.filter((box) => box.checked).length;
    const every = document.getElementById("pick-all");
    if (!every) return;
    every.checked = ticked > 0 && ticked === all.length;
    every.indeterminate = ticked > 0 && ticked < all.length;
    document.getElementById("picked-count").textContent = ticked ? `${ticked} ticked.` : "";
  }
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (box.id === "pick-all") {
      for (const one of boxes()) one.checked = box.checked;
      window.agileml.announce(box.checked ? `${boxes().length} tickets ticked` : "Nothing is ticked");
    } else if (box.matches?.("#tickets .pick input")) {
      const all = boxes();
      const [from, to] = [all.findIndex((one) => one.value === last), all.indexOf(box)].sort((a, b) => a - b);
      if (event.shiftKey && from >= 0) for (const one of all.slice(from, to + 1)) one.checked = box.checked;
      last = box.value;
    } else {
      return;
    }
    count();
  });
  // A range is ticked, not marked as text.
  document.addEventListener("mousedown", (event) => {
    if (event.shiftKey && event.target.closest?.("#tickets .pick")) event.preventDefault();
  });
  document.addEventListener("htmx:afterSettle", count);
  count();
})();
