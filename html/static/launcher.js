// The form: tells beside the field what is wrong before it is sent, adds fields for task definitions.
// The server checks everything again.
"use strict";

{
  const form = document.getElementById("launch");
  const more = document.getElementById("add-taskdef");
  const send = document.getElementById("send");
  const placeOf = (field) => document.getElementById(field.getAttribute("aria-describedby").split(" ")[0]);

  // A rule as this browser reads it, or null where it might read it otherwise than the server.
  function compile(rule) {
    if (rule.includes("[[:") || rule.includes("\\Q"))
      return null;
    try {
      return new RegExp(rule, "u");
    } catch {
      return null;
    }
  }

  function checkRule(field) {
    const rule = field.dataset.rule && compile(field.dataset.rule);
    field.setCustomValidity(rule && field.value && !rule.test(field.value) ? "It must match " + field.dataset.rule : "");
  }

  function messageOf(field) {
    const v = field.validity;
    if (v.valueMissing)
      return "This is needed.";
    if (v.patternMismatch)
      return field.dataset.explain;
    if (v.tooShort)
      return "At least " + field.minLength + " characters.";
    return field.validationMessage;
  }

  function show(field) {
    checkRule(field);
    const place = placeOf(field);
    const text = field.validity.valid ? "" : messageOf(field);
    field.classList.toggle("is-invalid", text !== "");
    text ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid");
    if (place.textContent !== text)
      place.textContent = text;
  }

  form.querySelector(".is-invalid")?.focus(); // what the server refused
  form.noValidate = true; // our words, in the page, instead of the browser's bubbles
  for (const field of form.querySelectorAll("[data-rule]"))
    checkRule(field);
  // Not while a button is pressed: a message that appears would move it from under the pointer.
  let pressed = false;
  addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const name of ["pointerup", "pointercancel"])
    addEventListener(name, () => { pressed = false; }, true);
  function released(then) {
    pressed ? addEventListener("pointerup", () => setTimeout(then), { once: true }) : then();
  }
  form.addEventListener("change", (event) => event.target.name && released(() => show(event.target)));
  form.addEventListener("input", (event) => event.target.matches(".is-invalid") && show(event.target));
  form.addEventListener("submit", (event) => {
    const fields = [...form.elements].filter((field) => field.name);
    fields.forEach(show);
    const wrong = fields.find((field) => !field.validity.valid);
    if (wrong) {
      event.preventDefault();
      show(wrong); // fields that share a place
      wrong.focus();
      return;
    }
    send.disabled = true;
    send.textContent = "Launching…";
  });
  addEventListener("pageshow", () => { // back from where it led
    send.disabled = false;
    send.textContent = "Launch";
  });

  // Whom a launch under this name would replace, as of when the page was made: a request would keep the browser from
  // keeping what was typed when one goes back. Below all else, where it moves nothing from under the pointer.
  const subdomain = document.getElementById("subdomain");
  const notes = document.createElement("div");
  notes.setAttribute("role", "status");
  form.append(notes);
  subdomain.addEventListener("change", () => {
    const name = subdomain.value.toLowerCase();
    document.getElementById("running-note")?.remove();
    if (!subdomain.dataset.running?.split(" ").includes(name) || !name)
      return;
    const note = document.createElement("div");
    note.id = "running-note";
    note.className = "alert alert-info mt-3 mb-0";
    note.textContent = "What runs under " + name + " now " +
      (subdomain.dataset.stopsFirst ? "is terminated first." : "goes on until the new one is ready.");
    notes.append(note);
  });

  more.hidden = false;
  more.addEventListener("click", () => {
    const all = form.querySelectorAll("[name=taskdef]");
    const last = all[all.length - 1];
    const field = last.cloneNode();
    field.value = "";
    field.required = false;
    field.removeAttribute("id");
    field.classList.remove("is-invalid");
    field.removeAttribute("aria-invalid");
    field.setAttribute("aria-label", "further taskdef");
    last.after(field);
    field.focus();
  });
}
