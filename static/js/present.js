/* One slide a screen. Without this script all of them stand one below the other. */
(() => {
  "use strict";

  const holder = document.getElementById("slides");
  const slides = [...holder.querySelectorAll(":scope > .slide")];
  const place = document.getElementById("place");
  const full = document.getElementById("full");
  const timer = document.getElementById("timer");
  let at = Math.min(Math.max((parseInt(location.hash.slice(1), 10) || 1) - 1, 0), slides.length - 1);

  /* As large as all of it is seen at once: where the words are few they are larger, where there is much the charts give
     way first, then the words stand in two columns (.wide), then all is smaller. */
  const LARGEST = 1.3;
  const SMALLEST = 0.6;
  const phone = matchMedia("(max-width: 720px)"); // held in a hand it is scrolled, and read from near
  const fit = (slide) => {
    slide.style.removeProperty("--fit");
    slide.classList.remove("tight", "wide");
    if (phone.matches) return;
    const fits = () => slide.scrollHeight <= slide.clientHeight + 1;
    const ways = slide.querySelector(".demo-drawn") ? [false, true] : [false];
    for (let size = LARGEST; size >= SMALLEST; size -= 0.05) {
      slide.style.setProperty("--fit", size.toFixed(2));
      for (const tight of ways) {
        for (const wide of [false, true]) {
          slide.classList.toggle("tight", tight);
          slide.classList.toggle("wide", wide);
          if (fits()) return;
        }
      }
    }
  };

  const show = (wanted, { focus = true } = {}) => {
    at = Math.min(Math.max(wanted, 0), slides.length - 1);
    slides.forEach((slide, index) => slide.classList.toggle("now", index === at));
    place.textContent = `${at + 1} / ${slides.length}`;
    history.replaceState(null, "", `#${at + 1}`);
    for (const button of document.querySelectorAll("[data-step]")) {
      button.disabled = at + Number(button.dataset.step) < 0 || at + Number(button.dataset.step) >= slides.length;
    }
    fit(slides[at]);
    slides[at].scrollTop = 0;
    if (focus) slides[at].focus({ preventScroll: true });
  };

  document.documentElement.classList.add("presenting");
  show(at, { focus: false });
  addEventListener("hashchange", () => show((parseInt(location.hash.slice(1), 10) || 1) - 1));

  addEventListener("resize", () => fit(slides[at]));
  addEventListener("load", () => fit(slides[at])); // pictures have their size by now

  const screen = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch(() => { full.hidden = true; });
  };
  if (!document.fullscreenEnabled) full.hidden = true;
  full.addEventListener("click", screen);

  /* The timer goes on over a reload: it is kept as when it began, or as what it showed when it was stopped. */
  const KEPT = `agileml-timer ${document.title}`;
  let began = null;
  let before = 0;
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
    began = Number.isFinite(kept.began) ? kept.began : null;
    before = Number.isFinite(kept.before) ? kept.before : 0;
  } catch { /* Private windows may keep nothing. */ }
  const seconds = () => Math.floor((before + (began === null ? 0 : Date.now() - began)) / 1000);
  const tick = () => {
    timer.textContent = `${Math.floor(seconds() / 60)}:${String(seconds() % 60).padStart(2, "0")}`;
    timer.setAttribute("aria-pressed", String(began !== null));
  };
  const toggle = () => {
    if (began === null) began = Date.now();
    else [before, began] = [before + Date.now() - began, null];
    try { sessionStorage.setItem(KEPT, JSON.stringify({ began, before })); } catch { /* As above. */ }
    tick();
  };
  timer.addEventListener("click", toggle);
  setInterval(tick, 500);
  tick();

  const KEYS = {
    ArrowRight: () => show(at + 1), PageDown: () => show(at + 1), " ": () => show(at + 1),
    ArrowLeft: () => show(at - 1), PageUp: () => show(at - 1),
    Home: () => show(0), End: () => show(slides.length - 1),
    f: screen, t: toggle,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!KEYS[key] || (key === " " && event.target.closest("button, a, summary"))) return;
    event.preventDefault();
    KEYS[key]();
  });
  for (const button of document.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => show(at + Number(button.dataset.step), { focus: false }));
  }
})();
