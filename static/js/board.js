/* The board stays as it is while it is looked at: what the server sends is put in card by card, so that nothing jumps,
   loses the focus or folds up, and what changed is marked and read out. Moving by keys is here too; by hand in drag.js. */
(() => {
  "use strict";

  const board = () => document.getElementById("board");
  const dialog = document.getElementById("dialog");
  const poll = document.getElementById("board-poll");
  const MARKED_MS = 6000;

  /* ── What the server said of each part and card last: what stands may carry marks of its own. ── */
  const said = new Map();
  const keep = (root) => {
    for (const card of root.querySelectorAll(".card")) said.set(`card ${card.id}`, card.outerHTML);
    for (const part of root.querySelectorAll("[data-part]")) said.set(`part ${part.dataset.part}`, part.innerHTML);
  };
  const place = (list) => `${list.dataset.list}/${list.dataset.status}`;
  const lists = (root) => new Map([...root.querySelectorAll("ol[data-list]")].map((list) => [place(list), list]));

  /* ── When the board is better left alone. ── */
  const busy = () => dialog.open || document.hidden || document.body.classList.contains("is-dragging")
    || Boolean(document.querySelector("details[data-menu][open]"));

  const mark = (card) => {
    card.classList.add("changed");
    setTimeout(() => document.getElementById(card.id)?.classList.remove("changed"), MARKED_MS);
  };

  /** Puts the cards of one list into the order that the server has them in; tells what became of each. */
  const mergeList = (old, fresh, news) => {
    let before = null;
    for (const wanted of [...fresh.children]) {
      const html = wanted.outerHTML;
      let card = document.getElementById(wanted.id);
      if (!card) {
        card = wanted;
        news.push([card, `${card.id} is new in ${old.dataset.title}`]);
      } else {
        const moved = card.parentElement !== old;
        if (said.get(`card ${card.id}`) !== html) {
          const focused = card.contains(document.activeElement);
          card.replaceWith(wanted);
          card = wanted;
          window.htmx.process(card);
          if (focused) card.querySelector("h3 a")?.focus({ preventScroll: true });
          news.push([card, moved ? `${card.id} moved to ${old.dataset.title}` : `${card.id} changed`]);
        } else if (moved) {
          news.push([card, `${card.id} moved to ${old.dataset.title}`]);
        }
      }
      said.set(`card ${card.id}`, html);
      const next = before ? before.nextElementSibling : old.firstElementChild;
      if (next !== card) {
        const focused = card.contains(document.activeElement) ? document.activeElement : null;
        old.insertBefore(card, next);
        focused?.focus({ preventScroll: true });
        if (!card.classList.contains("changed")) window.htmx.process(card);
      }
      before = card;
    }
  };

  const mergeParts = (old, fresh) => {
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const name = part.dataset.part;
      if (name === "cards" || name === "rail") continue; // these are merged list by list
      const stands = old.querySelector(`[data-part="${CSS.escape(name)}"]`);
      const html = part.innerHTML;
      if (!stands || said.get(`part ${name}`) === html || stands.contains(document.activeElement)) continue;
      stands.innerHTML = html;
      stands.className = part.className;
      said.set(`part ${name}`, html);
      window.htmx.process(stands);
    }
  };

  const tell = (news) => {
    for (const [card] of news) mark(card);
    if (!news.length) return;
    const words = news.length > 3 ? [`${news.length} cards changed`] : news.map(([, what]) => what);
    window.agileml.announce(words.join(". "));
  };

  /** Where what is being looked at lies; told again after a change, the page is scrolled so that it still does. */
  const hold = () => {
    const inSight = (card) => {
      const box = card.getBoundingClientRect();
      return box.bottom > 0 && box.top < window.innerHeight && box.width > 0;
    };
    const focused = document.activeElement?.closest("#board .card");
    const cards = [focused, ...document.querySelectorAll("#board .card")].filter((card) => card && inSight(card));
    const places = cards.map((card) => [card.id, card.parentElement, card.getBoundingClientRect().top]);
    return () => {
      for (const [id, list, top] of places) {
        const card = document.getElementById(id);
        if (card?.parentElement !== list) continue; // it was moved away, and is no mark to go by
        window.scrollBy({ top: card.getBoundingClientRect().top - top, behavior: "instant" });
        return;
      }
    };
  };

  const merge = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("board");
    const old = board();
    if (!fresh || !old) return;
    const before = lists(old);
    const after = lists(fresh);
    if ([...after.keys()].join() !== [...before.keys()].join()) {
      // Lanes came or went: the columns themselves are others.
      const [x, y] = [window.scrollX, window.scrollY];
      old.replaceWith(fresh);
      window.htmx.process(fresh);
      keep(fresh);
      window.scrollTo(x, y);
      document.dispatchEvent(new CustomEvent("board:merged"));
      return;
    }
    const news = [];
    const letGo = hold();
    const there = new Set([...fresh.querySelectorAll(".card")].map((card) => card.id));
    for (const [name, list] of after) mergeList(before.get(name), list, news);
    for (const card of old.querySelectorAll(".card")) if (!there.has(card.id)) card.remove();
    mergeParts(old, fresh);
    old.dataset.validator = fresh.dataset.validator;
    letGo();
    tell(news);
    document.dispatchEvent(new CustomEvent("board:merged"));
  };

  poll.addEventListener("htmx:configRequest", (event) => {
    // Said by hand, so that the browser lets the 304 through instead of answering from what it has kept.
    event.detail.headers["If-None-Match"] = board().dataset.validator;
  });
  poll.addEventListener("htmx:beforeRequest", (event) => { if (busy()) event.preventDefault(); });
  poll.addEventListener("htmx:beforeSwap", (event) => {
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status === 200 && !busy()) merge(event.detail.xhr.responseText);
  });
  const refresh = () => window.htmx.trigger(document.body, "board:refresh");
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  // What was held back while a dialog was open comes when it is closed.
  dialog.addEventListener("close", () => setTimeout(refresh, 50));

  keep(board());

  /* ── Forms of the board. ── */
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form.filters");
    if (form && event.target.matches("select")) form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    // An address without empty fields is easier to pass on.
    if (!event.target.matches("form.filters")) return;
    for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
  });
  document.addEventListener("added", () => {
    for (const form of document.querySelectorAll("form[data-clear]")) form.elements.title.value = "";
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) event.target.closest?.("form[data-once]")?.closest(".toast")?.remove();
  });

  /* ── A card's menu, from the card's own address: two hundred addresses less in the page. ── */
  const openMenu = (card) => {
    const path = new URL(card.querySelector("h3 a").href).pathname;
    // Settled at once: a key that is pressed right away must find the forms at work.
    window.htmx.ajax("GET", `${path}menu/`, { target: "#dialog", swap: "innerHTML settle:0ms" });
  };
  document.addEventListener("click", (event) => {
    const dots = event.target.closest?.("#board .dots");
    if (dots) openMenu(dots.closest(".card"));
  });

  /* ── Keys: arrows go from card to card, M opens the menu of the one that has the focus. ── */
  const singleKeys = () => {
    try { return localStorage.getItem("agileml-keys") !== "off"; } catch { return true; }
  };
  const focusOn = (card) => card?.querySelector("h3 a")?.focus();
  const sideways = (card, step) => {
    const columns = [...document.querySelectorAll("#board ol[data-list]")].filter((list) => list.firstElementChild);
    const here = columns.indexOf(card.parentElement);
    const at = [...card.parentElement.children].indexOf(card);
    const next = columns[here + step];
    return next && next.children[Math.min(at, next.children.length - 1)];
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const card = event.target.closest?.("#board .card");
    if (!card) return;
    const to = {
      ArrowDown: () => card.nextElementSibling,
      ArrowUp: () => card.previousElementSibling,
      ArrowRight: () => sideways(card, 1),
      ArrowLeft: () => sideways(card, -1),
    }[event.key];
    if (to) {
      event.preventDefault();
      focusOn(to());
    } else if (event.key.toLowerCase() === "m" && singleKeys()) {
      event.preventDefault();
      if (card.querySelector(".dots")) openMenu(card);
    }
  });

  window.agileml = Object.assign(window.agileml ?? {}, { refreshBoard: refresh });
})();
