// The parts of a page of the panel, as they change.
"use strict";

const source = new EventSource(document.body.dataset.live);
for (const part of document.querySelectorAll("[data-part]")) {
  source.addEventListener(part.id, (event) => {
    const focused = part.contains(document.activeElement) && document.activeElement.id;
    part.innerHTML = event.data;
    // Whoever is on a link by keyboard stays there.
    if (focused) document.getElementById(focused)?.focus();
  });
}
window.addEventListener("pagehide", () => source.close());
