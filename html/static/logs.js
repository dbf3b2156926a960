// The log: follows it, searches in it.
"use strict";

{
  const FOLLOW_MS = 2000;
  const OVERLAP_MS = 10000; // lines of several containers may come late
  const LINES_MAX = 20000;
  const page = document.getElementById("logs");
  const lines = document.getElementById("lines");
  const search = document.getElementById("search");
  const follow = document.getElementById("follow");
  const found = document.getElementById("found");
  const timeOf = (line) => line?.children[0].dateTime || "";
  const keyOf = (line) => [timeOf(line), line.children[1].textContent, line.children[2].textContent].join("\0");
  const following = () => follow.getAttribute("aria-pressed") === "true";
  let end = 0; // where the log was scrolled to when it last followed
  const toEnd = () => {
    lines.scrollTop = lines.scrollHeight;
    end = lines.scrollTop;
  };

  for (const element of page.querySelectorAll(".script-only"))
    element.hidden = false;

  // --- search ---
  function mark(line, wanted) {
    const place = line.children[2];
    const text = place.textContent;
    place.textContent = text;
    line.hidden = false;
    if (!wanted)
      return 0;
    const lower = text.toLowerCase();
    let at = lower.indexOf(wanted);
    // (A few characters change their length in lower case: then nothing is marked, but all is found.)
    line.hidden = at < 0;
    if (at < 0 || lower.length !== text.length)
      return at < 0 ? 0 : 1;
    const parts = [];
    let from = 0;
    for (; at >= 0; at = lower.indexOf(wanted, from)) {
      const m = document.createElement("mark");
      m.textContent = text.slice(at, at + wanted.length);
      parts.push(text.slice(from, at), m);
      from = at + wanted.length;
    }
    place.replaceChildren(...parts, text.slice(from));
    return 1;
  }

  function searchAll() {
    const wanted = search.value.toLowerCase();
    let n = 0;
    for (const line of [...lines.children]) // (the collection itself would be counted anew after every mark)
      n += mark(line, wanted);
    found.hidden = !wanted;
    found.textContent = n === 1 ? "1 line" : n + " lines";
  }
  search.addEventListener("input", () => {
    searchAll();
    if (following())
      toEnd();
  });
  search.form.addEventListener("keydown", (event) => {
    if (event.target === search && event.key === "Enter")
      event.preventDefault();
  });

  // --- follow ---
  // Where what is shown begins, when older lines were left out on purpose.
  const tail = Number(document.getElementById("tail").value);
  const floor = lines.children.length >= tail ? timeOf(lines.firstElementChild) : "";

  const given = Date.parse(page.dataset.since);
  const asked = isNaN(given) ? "" : new Date(given).toISOString();

  function since() {
    const last = timeOf(lines.lastElementChild);
    const from = last && new Date(Date.parse(last) - OVERLAP_MS).toISOString();
    return [from, floor, asked].sort().pop();
  }

  // By time; lines of one moment in the order that they came in.
  function add(line) {
    let before = lines.lastElementChild;
    while (before && timeOf(before) > timeOf(line))
      before = before.previousElementSibling;
    before ? before.after(line) : lines.prepend(line);
  }

  function leftEnd() {
    return lines.scrollTop < end - 1 && lines.scrollHeight - lines.scrollTop - lines.clientHeight > 8;
  }

  function take(fresh) {
    const left = leftEnd();
    const notes = document.getElementById("notes"), said = fresh.getElementById("notes");
    if (notes && said && notes.textContent !== said.textContent) // (what stays is not said again)
      notes.replaceWith(document.importNode(said, true));
    const known = new Map();
    const from = since();
    for (let line = lines.lastElementChild; line && timeOf(line) >= from; line = line.previousElementSibling)
      known.set(keyOf(line), (known.get(keyOf(line)) || 0) + 1);
    const wanted = search.value.toLowerCase();
    let more = 0;
    for (const line of fresh.getElementById("lines").children) {
      const key = keyOf(line);
      if (floor && timeOf(line) <= floor)
        continue;
      if (known.get(key) > 0) {
        known.set(key, known.get(key) - 1);
        continue;
      }
      const added = document.importNode(line, true);
      add(added);
      mark(added, wanted);
      more++;
    }
    if (more === 0)
      return;
    while (lines.children.length > LINES_MAX)
      lines.firstElementChild.remove();
    if (lines.children.length > 0)
      document.getElementById("no-lines")?.remove();
    if (wanted)
      searchAll();
    if (left)
      setFollowing(false);
    else
      toEnd();
  }

  const ask = live.poll(() => {
    const from = since();
    return page.dataset.url + "?tail=2000" + (from ? "&since=" + encodeURIComponent(from) : "");
  }, FOLLOW_MS, () => !following(), take);

  function setFollowing(on) {
    follow.setAttribute("aria-pressed", on);
    follow.textContent = on ? "Following" : "Follow";
    if (on) {
      toEnd();
      ask();
    }
  }
  follow.addEventListener("click", () => setFollowing(!following()));
  // Who scrolls away from the end wants to read: by the key or the wheel that asks for it, before lines that
  // come right then take the log to its end; and by where the log is, for every other way to scroll.
  function leave(event) {
    const up = event.deltaY < 0 || ["ArrowUp", "PageUp", "Home"].includes(event.key);
    if (following() && (leftEnd() || (up && lines.scrollTop > 0)))
      setFollowing(false);
  }
  for (const way of ["keydown", "wheel", "scroll"])
    lines.addEventListener(way, leave, { passive: true });
  setFollowing(true);
}
