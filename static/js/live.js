/* What others do is seen at once: the server says that there is news, and the page asks for what it shows. All tabs of a
   browser share one line to the server; where there is none, the page asks every 15 seconds all the same. */
(() => {
  "use strict";

  const { events: address, revision } = document.querySelector("[data-events]")?.dataset ?? {};
  if (!address || !window.EventSource) return;
  const name = `agileml ${address}`;
  const tabs = window.BroadcastChannel ? new BroadcastChannel(name) : null;
  const GATHER_MS = 100; // what one act changes in several steps is asked for once

  const AGAIN_MS = 30_000;

  let waiting = null;
  const refresh = () => {
    waiting ??= setTimeout(() => {
      waiting = null;
      document.body.dispatchEvent(new CustomEvent("board:refresh"));
    }, GATHER_MS);
  };

  const listen = () => {
    const source = new EventSource(address);
    source.addEventListener("message", (event) => {
      if (event.lastEventId.endsWith(`:${revision}`)) return; // what the page was made of
      tabs?.postMessage(event.lastEventId);
      refresh();
    });
    source.addEventListener("error", () => {
      // A line that breaks is mended by the browser; one that was refused, by a proxy say, it would give up for good.
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
    });
  };

  tabs?.addEventListener("message", refresh);
  // Whoever holds the lock listens; when that tab is closed, the next one does.
  if (navigator.locks && tabs) navigator.locks.request(name, () => new Promise(() => { listen(); }));
  else listen();
})();
