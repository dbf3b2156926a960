// What the pages that keep themselves fresh share: asking again and again, ages in words, and saying
// when it last worked. Without a script, reloading the page does the same.
"use strict";

const live = {
  // "2 h ago", as the server says it.
  age(iso) {
    const s = (Date.now() - Date.parse(iso)) / 1000;
    if (s < 60)
      return "just now";
    if (s < 3600)
      return Math.floor(s / 60) + " min ago";
    if (s < 172800)
      return Math.floor(s / 3600) + " h ago";
    return Math.floor(s / 86400) + " d ago";
  },

  // Asks `path` every `ms` while the page is seen; `take` gets what has changed. `busy` tells when
  // the user is in the middle of something.
  poll(path, ms, busy, take) {
    const place = document.getElementById("freshness");
    let etag = null;
    let last = new Date();
    let asking = false;

    function say(lost) {
      if (!place)
        return;
      place.hidden = false;
      place.classList.toggle("lost", lost);
      const at = last.toISOString().slice(11, 19) + " UTC"; // as all other times here
      const text = lost ? "Cannot be refreshed. This is how it was at " + at + "." : "Refreshed at " + at;
      if (place.textContent !== text)
        place.textContent = text;
      place.setAttribute("aria-live", lost ? "polite" : "off");
    }

    async function ask() {
      if (asking || document.hidden || busy())
        return;
      asking = true;
      try {
        const headers = etag ? { "If-None-Match": etag } : {};
        const answer = await fetch(path(), { headers, cache: "no-store", signal: AbortSignal.timeout(10000) });
        if (answer.status !== 304 && !answer.ok)
          throw new Error("status " + answer.status);
        if (answer.status !== 304) {
          const text = await answer.text();
          if (busy())
            return;
          take(new DOMParser().parseFromString(text, "text/html"));
          etag = answer.headers.get("ETag");
        }
        last = new Date();
        say(false);
      } catch {
        say(true);
      } finally {
        asking = false;
      }
    }

    say(false);
    setInterval(ask, ms);
    document.addEventListener("visibilitychange", ask);
    return ask;
  },
};
