// Replaces the parts of a page that say so (data-reload="ms") by what they are now.
"use strict";

for (const part of document.querySelectorAll("[data-reload]")) {
  let now = part;
  let text = part.outerHTML;
  const busy = () => !now.hasAttribute("data-reload") || !getSelection().isCollapsed ||
    (now.contains(document.activeElement) && document.activeElement !== document.body);

  live.poll(() => location.pathname + location.search, Number(part.dataset.reload), busy, (fresh) => {
    const other = fresh.getElementById(now.id);
    if (other && other.outerHTML !== text) {
      const open = new Set([...now.querySelectorAll("details[open]")].map((d) => d.id));
      text = other.outerHTML;
      const next = document.importNode(other, true);
      for (const details of next.querySelectorAll("details"))
        details.open = details.open || open.has(details.id);
      now.replaceWith(next);
      now = next;
    }
  });
}
