// The list: search, filter, sort, the question before something is terminated, and keeping it fresh
// row by row.
"use strict";

{
  const REFRESH_MS = 3000;
  const page = document.getElementById("environments");
  const search = document.getElementById("search");
  const toolbar = document.getElementById("toolbar");
  const dialog = document.getElementById("confirm");
  const shown = document.getElementById("shown");
  const groups = {
    ready: ["ready"],
    starting: ["provisioning", "pending", "starting", "running", "unhealthy", "lost"],
    asleep: ["asleep"],
    stopped: ["stopping", "stopped", "failed"],
  };
  // A table, its rows as they came (key → text), and how it is sorted.
  const tables = ["running", "stopped"].map((name) => {
    const table = document.getElementById(name + "-table");
    return { name, body: table.tBodies[0], head: table.tHead, box: document.getElementById(name), rows: new Map(), by: "", down: false };
  });
  const state = () => toolbar.elements.state.value;

  // --- what a row is sorted and found by ---
  const order = ["failed", "lost", "unhealthy", "provisioning", "pending", "starting", "running", "stopping", "ready", "asleep", "stopped"];
  // With its numbers as people count: pr-2 before pr-100. (How many digits a number has comes before them.)
  const natural = (text) => text.replace(/0*(\d+)/g, (_, digits) => "0" + String.fromCharCode(digits.length) + digits);
  const sorters = {
    state: (row) => order.indexOf(row.dataset.state),
    subdomain: (row) => natural(row.querySelector(".c-name").firstElementChild.textContent),
    taskdef: (row) => natural(row.querySelector(".c-taskdef").textContent),
    launched: (row) => -Date.parse(row.querySelector("time")?.dateTime || Date()),
    requests: (row) => -Number(row.querySelector(".sum")?.textContent || 0),
  };

  function words(row) {
    if (!row.words)
      row.words = [".c-state", ".c-name", ".c-taskdef", ".c-launched", ".c-why"]
        .map((c) => row.querySelector(c)?.textContent || "").join("\n").toLowerCase();
    return row.words;
  }

  function sort(table) {
    if (!table.by)
      return;
    const key = sorters[table.by];
    const sign = table.down ? -1 : 1;
    const keyed = [...table.body.rows].map((row) => [key(row), row]);
    const sorted = keyed.slice().sort(([a], [b]) => sign * (a < b ? -1 : a > b ? 1 : 0));
    if (sorted.some(([, row], i) => row !== keyed[i][1]))
      table.body.append(...sorted.map(([, row]) => row));
  }

  function filter() {
    const wanted = search.value.trim().toLowerCase().split(/\s+/);
    const states = groups[state()];
    const counts = { "": 0, ready: 0, starting: 0, asleep: 0, stopped: 0 };
    for (const table of tables) {
      let left = 0;
      for (const row of table.body.rows) {
        const found = wanted.every((w) => words(row).includes(w));
        const group = Object.keys(groups).find((g) => groups[g].includes(row.dataset.state));
        row.hidden = !found || (states !== undefined && !states.includes(row.dataset.state));
        left += !row.hidden;
        if (found) {
          counts[""]++;
          counts[group]++;
        }
      }
      const none = table.body.rows.length > 0 && left === 0;
      table.left = left;
      if (table.name === "stopped")
        table.box.hidden = none;
      else
        table.box.querySelector(".no-match").hidden = !none;
    }
    for (const radio of toolbar.elements.state)
      radio.nextElementSibling.lastElementChild.textContent = counts[radio.value];
    shown.textContent = search.value || state() ? tables[0].left + tables[1].left + " shown" : "";
  }

  // --- what is in the address survives a reload ---
  function remember() {
    const at = new URL(location);
    for (const [name, value] of [["q", search.value], ["state", state()], ["sort", (tables[0].down ? "-" : "") + tables[0].by]])
      value && value !== "-" ? at.searchParams.set(name, value) : at.searchParams.delete(name);
    history.replaceState(null, "", at);
  }

  function sortBy(table, by, down) {
    table.by = by;
    table.down = down;
    for (const th of table.head.querySelectorAll("[data-sort]"))
      if (th.dataset.sort === by)
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
      else
        th.removeAttribute("aria-sort");
    sort(table);
  }

  function prepare() {
    for (const table of tables) {
      for (const row of table.body.rows)
        table.rows.set(row.dataset.key, row.outerHTML);
      for (const th of table.head.querySelectorAll("[data-sort]")) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = th.textContent;
        button.addEventListener("click", () => {
          sortBy(table, th.dataset.sort, table.by === th.dataset.sort && !table.down);
          remember();
        });
        th.replaceChildren(button);
      }
    }
    const given = new URLSearchParams(location.search);
    search.value = given.get("q") || "";
    for (const radio of toolbar.elements.state)
      radio.checked = radio.value === (given.get("state") || "");
    const by = given.get("sort") || "";
    if (by.replace("-", "") in sorters)
      sortBy(tables[0], by.replace("-", ""), by.startsWith("-"));
    toolbar.hidden = false;
    toolbar.addEventListener("submit", (event) => event.preventDefault());
    toolbar.addEventListener("input", () => { filter(); remember(); });
    filter();
  }

  // --- terminate ---
  page.addEventListener("click", (event) => {
    const link = event.target.closest("[data-terminate]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey)
      return;
    event.preventDefault();
    dialog.querySelector("[data-name]").textContent = link.dataset.terminate;
    dialog.querySelector("[name=subdomain]").value = link.dataset.terminate;
    dialog.showModal();
    dialog.querySelector("[data-cancel]").focus();
  });
  dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
  // In place, so that search, filter and order stay; what goes wrong is shown as without a script.
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    const form = event.target;
    const button = form.querySelector(".btn-danger");
    event.preventDefault();
    button.disabled = true;
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
    button.disabled = false;
    if (!answer?.ok)
      return form.submit();
    dialog.close();
    ask();
  });

  // --- keeping it fresh ---
  function patchRow(old, fresh) {
    const focused = old && old.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    const row = document.importNode(fresh, true);
    old.replaceWith(row);
    if (focused)
      row.querySelector('[data-focus="' + CSS.escape(focused) + '"]')?.focus();
  }

  function patchTable(table, fresh) {
    const box = fresh.getElementById(table.name);
    const rows = new Map();
    const old = new Map([...table.body.rows].map((row) => [row.dataset.key, row]));
    let before = null;
    for (const row of box.querySelector("tbody").rows) {
      const key = row.dataset.key;
      const text = row.outerHTML;
      rows.set(key, text);
      if (!old.has(key)) {
        const added = document.importNode(row, true);
        added.classList.add("fresh");
        table.body.insertBefore(added, before ? before.nextSibling : table.body.firstChild);
        old.set(key, added);
        before = added;
        continue;
      }
      if (table.rows.get(key) !== text) {
        patchRow(old.get(key), row);
        old.set(key, table.body.querySelector('[data-key="' + CSS.escape(key) + '"]'));
      }
      before = old.get(key);
    }
    for (const [key, row] of old)
      if (!rows.has(key))
        row.remove();
    table.rows = rows;
    table.box.dataset.empty = box.dataset.empty;
    sort(table);
  }

  // (In a page that a script has parsed, what stands in it is shown.)
  function withoutNoscript(part) {
    for (const element of part.querySelectorAll("noscript"))
      element.remove();
    return part;
  }

  function take(fresh) {
    const notices = document.getElementById("notices");
    const others = withoutNoscript(fresh.getElementById("notices"));
    if (notices.innerHTML !== others.innerHTML && !notices.contains(document.activeElement))
      notices.replaceChildren(...document.importNode(others, true).childNodes);
    for (const table of tables)
      patchTable(table, fresh);
    filter();
  }

  // A dialog, or text that is being selected in the list.
  function busy() {
    const selection = getSelection();
    return dialog.open || (!selection.isCollapsed && page.contains(selection.anchorNode) && selection.type === "Range");
  }

  prepare();
  withoutNoscript(page);
  const launched = new URLSearchParams(location.search).get("launched");
  const ask = live.poll(() => page.dataset.refresh + (launched ? "?launched=" + encodeURIComponent(launched) : ""), REFRESH_MS, busy, take);
  setInterval(() => {
    for (const time of page.querySelectorAll("time"))
      if (time.textContent !== live.age(time.dateTime))
        time.textContent = live.age(time.dateTime);
  }, 15000);
}
