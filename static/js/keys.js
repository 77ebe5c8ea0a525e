/* Keys. Whatever has data-key="r" is pressed (or, if a field, focused) by that key; "?" lists the keys of this page.
   Single keys can be switched off there, for people whose speech or assistive device types by accident. */
(() => {
  "use strict";

  const KEPT = "agileml-keys";
  const on = () => {
    try { return localStorage.getItem(KEPT) !== "off"; } catch { return true; }
  };
  const keep = (wanted) => {
    try { localStorage.setItem(KEPT, wanted ? "on" : "off"); } catch { /* Private windows may keep nothing. */ }
  };

  const visible = (element) => element.getClientRects().length > 0;
  const bound = () => [...document.querySelectorAll("[data-key]")].filter(visible);
  const label = (element) => {
    if (element.dataset.keyLabel) return element.dataset.keyLabel;
    const copy = element.cloneNode(true);
    for (const sign of copy.querySelectorAll("kbd, svg")) sign.remove();
    return element.getAttribute("aria-label") || copy.textContent.trim() || element.placeholder || element.name;
  };

  const make = (tag, attributes = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...children);
    return element;
  };

  const help = () => {
    const rows = [["?", "Show these keys"], ["Esc", "Close a dialog or a menu"]];
    for (const element of bound()) rows.push([element.dataset.key, label(element)]);
    // Keys that a page's own script handles: <template data-keys> with "key<tab>what it does" a line.
    for (const extra of document.querySelectorAll("template[data-keys]")) {
      for (const line of extra.content.textContent.trim().split("\n")) rows.push(line.trim().split(/\t|\s{2,}/));
    }
    const close = make("button", { type: "button", className: "button quiet icon-only", textContent: "×" });
    close.dataset.close = "";
    close.setAttribute("aria-label", "Close");
    const list = make("dl", { className: "keys" });
    for (const [key, what] of rows) {
      list.append(make("div", {}, make("dt", {}, make("kbd", { textContent: key.length === 1 ? key.toUpperCase() : key })),
        make("dd", { textContent: what })));
    }
    const box = make("input", { type: "checkbox", checked: on() });
    box.addEventListener("change", () => keep(box.checked));
    const choice = make("label", { className: "check" }, box, make("span", { textContent: "Single keys work on this device" }));
    window.agileml.showDialog(
      make("div", { className: "dialog-head" }, make("h2", { textContent: "Keys" }), close),
      make("div", { className: "dialog-body" }, list, choice),
    );
  };

  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable], dialog[open]");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "?") {
      event.preventDefault();
      help();
      return;
    }
    if (!on()) return;
    const pressed = bound().find((element) => element.dataset.key === event.key.toLowerCase());
    if (!pressed) return;
    event.preventDefault();
    if (pressed.matches("input:not([type=checkbox]), textarea, select")) pressed.focus();
    else pressed.click();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-show-keys]")) help();
  });
})();
