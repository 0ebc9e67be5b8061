// The parts of the panel, as they change.
"use strict";

const source = new EventSource("/panel/live");
for (const name of ["counters", "clicks", "left-out", "faults", "lists"]) {
  source.addEventListener(name, (event) => {
    const part = document.getElementById(name);
    const focused = part.contains(document.activeElement) && document.activeElement.id;
    part.innerHTML = event.data;
    // Whoever is on a link by keyboard stays there.
    if (focused) document.getElementById(focused)?.focus();
  });
}
window.addEventListener("pagehide", () => source.close());
