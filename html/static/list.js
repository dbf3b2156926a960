// Keeps the list fresh while it is looked at. Without it, reloading the page does the same.
"use strict";

const REFRESH_MS = 5000;

async function refresh() {
  const old = document.getElementById("environments");
  if (!old || document.hidden || old.contains(document.activeElement))
    return;
  const answer = await fetch("/list", { headers: { Accept: "text/html" } });
  if (!answer.ok)
    return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("environments");
  if (fresh && fresh.innerHTML !== old.innerHTML)
    old.replaceWith(fresh);
}

if (document.getElementById("environments"))
  setInterval(() => refresh().catch(() => {}), REFRESH_MS);
