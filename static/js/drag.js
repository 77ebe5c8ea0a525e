/* Moving cards by hand. A mouse drags them; fingers and keys use the card's menu, which does the same. */
(() => {
  "use strict";

  let dragged = null;
  let from = null;
  const gap = document.createElement("li");
  gap.className = "drop-here";
  gap.setAttribute("aria-hidden", "true");

  const lists = () => [...document.querySelectorAll("#board [data-move] .columns ol[data-list]")];
  const movable = (card) => Boolean(card?.closest("[data-move] .columns"));

  const ready = () => {
    for (const columns of document.querySelectorAll("#board [data-move] .columns")) columns.classList.add("can-drag");
  };
  ready();
  document.addEventListener("board:merged", ready);

  // Said as late as possible: two hundred attributes less in the page, and text of a card can be marked by touch.
  document.addEventListener("pointerdown", (event) => {
    const card = event.target.closest?.("#board .card");
    if (event.pointerType === "mouse" && movable(card)) card.draggable = true;
  });
  document.addEventListener("pointerup", (event) => event.target.closest?.(".card")?.removeAttribute("draggable"));

  document.addEventListener("dragstart", (event) => {
    const card = event.target.closest?.("#board .card[draggable]");
    if (!card) return;
    dragged = card;
    from = { list: card.parentElement, next: card.nextElementSibling };
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.id);
    // The title is a link, and a link that is dragged would show only itself.
    const box = card.getBoundingClientRect();
    event.dataTransfer.setDragImage(card, event.clientX - box.left, event.clientY - box.top);
    document.body.classList.add("is-dragging");
    requestAnimationFrame(() => card.classList.add("dragging"));
  });

  const listAt = (target) => {
    const list = target.closest?.("section.col")?.querySelector("ol[data-list]");
    return list && lists().includes(list) && list.dataset.list === from.list.dataset.list ? list : null;
  };

  document.addEventListener("dragover", (event) => {
    if (!dragged) return;
    const list = listAt(event.target);
    for (const column of document.querySelectorAll(".col.over-it")) {
      if (column !== list?.parentElement) column.classList.remove("over-it");
    }
    if (!list) {
      gap.remove();
      return;
    }
    event.preventDefault();
    list.parentElement.classList.add("over-it");
    const below = [...list.querySelectorAll(".card:not(.dragging)")].find((card) => {
      const box = card.getBoundingClientRect();
      return event.clientY < box.top + box.height / 2;
    });
    if (gap.parentElement !== list || gap.nextElementSibling !== (below ?? null)) list.insertBefore(gap, below ?? null);
  });

  const putBack = (card, where) => {
    if (!card.isConnected || !where.list.isConnected) return;
    where.list.insertBefore(card, where.next?.parentElement === where.list ? where.next : null);
  };

  const send = (card, where, list) => {
    const number = card.id.slice(card.id.lastIndexOf("-") + 1);
    const url = `${new URL(card.querySelector("h3 a").href).pathname}move/`;
    const values = { to: list.dataset.status, from_status: where.list.dataset.status };
    if (list.dataset.status === "done" && where.list !== list) {
      // How it ended is asked first; the card goes there once that is said.
      putBack(card, where);
      window.htmx.ajax("GET", url, { target: "#dialog", swap: "innerHTML" });
      return;
    }
    const neighbour = (other) => other?.matches(".card") && other.id.slice(other.id.lastIndexOf("-") + 1);
    const next = neighbour(card.nextElementSibling);
    const previous = neighbour(card.previousElementSibling);
    if (next && next !== number) values.before = next;
    else if (previous && previous !== number) values.after = previous;
    const answered = (event) => {
      if (event.detail.pathInfo.requestPath !== url) return;
      document.removeEventListener("htmx:afterRequest", answered);
      if (event.detail.xhr.status !== 204) putBack(card, where); // refused, or not reached at all
    };
    document.addEventListener("htmx:afterRequest", answered);
    window.htmx.ajax("POST", url, { target: "#dialog", swap: "innerHTML", values });
  };

  document.addEventListener("drop", (event) => {
    if (!dragged || !gap.isConnected) return;
    event.preventDefault();
    const card = dragged;
    const where = from;
    const list = gap.parentElement;
    const stays = gap.nextElementSibling === card || gap.previousElementSibling === card;
    if (list === where.list && stays) return;
    gap.replaceWith(card);
    send(card, where, list);
  });

  document.addEventListener("dragend", () => {
    gap.remove();
    for (const column of document.querySelectorAll(".col.over-it")) column.classList.remove("over-it");
    dragged?.classList.remove("dragging");
    dragged?.removeAttribute("draggable");
    document.body.classList.remove("is-dragging");
    dragged = from = null;
  });
})();
