/* The order of a demo by mouse and by keys. A row moves at once and is sent in the background, so that nothing that is
   being written in another one is lost; a move that is refused is taken back. Fingers use the buttons. */
(() => {
  "use strict";

  const MARKED_MS = 6000;
  const rowAt = (target) => target.closest?.(".demo-items > li[data-uid]");
  const lists = () => [...document.querySelectorAll(".demo-items")];
  const rows = (list) => [...list.children].filter((one) => one.dataset.uid);
  let sending = Promise.resolve(); // one after the other: each says which row it stands beside

  const tell = (item) => {
    const list = rows(item.parentElement);
    const section = item.closest("section").querySelector("h2").textContent;
    const title = item.querySelector(".headline").textContent;
    window.agileml.announce(`${title}: now ${list.indexOf(item) + 1} of ${list.length} in ${section}`);
  };

  const send = (item, undo) => {
    const values = { do: `place:${item.dataset.uid}`, section: item.parentElement.dataset.section };
    const [next, previous] = [item.nextElementSibling, item.previousElementSibling];
    if (next?.dataset.uid) values.before = next.dataset.uid;
    else if (previous?.dataset.uid) values.after = previous.dataset.uid;
    const address = item.querySelector(".line").action;
    sending = sending.then(() => new Promise((done) => {
      const answered = (event) => {
        if (event.detail.requestConfig?.parameters?.get?.("do") !== values.do
          && event.detail.requestConfig?.parameters?.do !== values.do) return;
        document.removeEventListener("htmx:afterRequest", answered);
        if (event.detail.xhr.status !== 200) undo();
        done();
      };
      document.addEventListener("htmx:afterRequest", answered);
      window.htmx.ajax("POST", address, { source: item, swap: "none", values });
    }));
  };

  // The form of a row says which section it is in, unless somebody chose another one in it.
  const settle = (item) => {
    const section = item.parentElement.dataset.section;
    item.dataset.section = section;
    const select = item.querySelector("select[name=section]");
    const shown = item.querySelector("input[name=was_section]");
    const untouched = select.value === shown.value;
    shown.value = section;
    if (untouched) select.value = section;
  };

  const moved = (item, undo) => {
    settle(item);
    item.classList.add("changed");
    setTimeout(() => item.classList.remove("changed"), MARKED_MS);
    tell(item);
    send(item, undo);
  };

  const put = (item, list, before) => {
    const was = { list: item.parentElement, next: item.nextElementSibling, focus: document.activeElement };
    list.insertBefore(item, before);
    if (item.contains(was.focus)) was.focus.focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
    moved(item, () => {
      was.list.insertBefore(item, was.next?.parentElement === was.list ? was.next : null);
      settle(item);
      window.agileml.toast("That was not moved. Load the page again to see how it stands.", "error");
    });
  };

  const step = (item, up) => {
    const list = item.parentElement;
    const beside = up ? item.previousElementSibling : item.nextElementSibling;
    if (beside) {
      put(item, list, up ? beside : beside.nextElementSibling);
      return;
    }
    const other = lists()[lists().indexOf(list) + (up ? -1 : 1)];
    if (other) put(item, other, up ? null : other.firstElementChild);
  };

  document.addEventListener("submit", (event) => {
    const way = event.submitter?.value?.match(/^(up|down):/)?.[1];
    const item = way && rowAt(event.submitter);
    if (!item) return;
    event.preventDefault();
    step(item, way === "up");
  });
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const item = rowAt(event.target);
    if (!item || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    if (event.target.matches("select, textarea, input:not([type=checkbox])")) return; // there it moves the caret
    event.preventDefault();
    step(item, event.key === "ArrowUp");
  });

  /* ── By mouse ── */
  let dragged = null;
  const gap = document.createElement("li");
  gap.className = "drop-here";
  gap.setAttribute("aria-hidden", "true");

  document.addEventListener("pointerdown", (event) => {
    const item = rowAt(event.target);
    if (item && event.pointerType === "mouse" && event.target.closest(".line") && !event.target.closest("button")) {
      item.draggable = true;
    }
  });
  document.addEventListener("pointerup", (event) => rowAt(event.target)?.removeAttribute("draggable"));
  document.addEventListener("dragstart", (event) => {
    const item = rowAt(event.target);
    if (!item?.draggable) return;
    dragged = item;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", item.querySelector(".headline").textContent);
    const box = item.getBoundingClientRect();
    event.dataTransfer.setDragImage(item, event.clientX - box.left, event.clientY - box.top);
    requestAnimationFrame(() => item.classList.add("dragging"));
  });
  document.addEventListener("dragover", (event) => {
    const list = dragged && event.target.closest?.("section")?.querySelector(".demo-items");
    if (!list) {
      gap.remove();
      return;
    }
    event.preventDefault();
    const below = rows(list).find((item) => {
      const box = item.getBoundingClientRect();
      return event.clientY < box.top + box.height / 2;
    });
    if (gap.parentElement !== list || gap.nextElementSibling !== (below ?? null)) list.insertBefore(gap, below ?? null);
  });
  document.addEventListener("drop", (event) => {
    if (!dragged || !gap.isConnected) return;
    event.preventDefault();
    const list = gap.parentElement;
    if (gap.nextElementSibling === dragged || gap.previousElementSibling === dragged) return;
    const before = gap.nextElementSibling;
    gap.remove();
    put(dragged, list, before);
  });
  document.addEventListener("dragend", () => {
    gap.remove();
    dragged?.classList.remove("dragging");
    dragged?.removeAttribute("draggable");
    dragged = null;
  });

  /* ── A headline opens its form; an item whose section was chosen in it goes there. ── */
  document.addEventListener("click", (event) => {
    const headline = event.target.closest?.(".demo-items .headline");
    if (!headline) return;
    event.preventDefault();
    const form = headline.closest("li").querySelector("details");
    form.open = !form.open;
    if (form.open) form.querySelector("input[name=headline]").focus();
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const item of document.querySelectorAll(".demo-items > li[data-uid]")) {
      const list = lists().find((one) => one.dataset.section === item.dataset.section);
      if (list && list !== item.parentElement) list.append(item);
    }
  });
})();
