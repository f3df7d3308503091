// Small helps around plain forms. Without this script every page still works.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Shows how much of a file has been sent, then shows the answer in place of this page. */
function upload(form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  const area = form.querySelector(".progress");
  const bar = area.querySelector("progress");
  const words = area.querySelector("[role=status]");
  const button = form.querySelector("button:not([type=button])");
  const name = drop.querySelector("small");
  const hint = name.textContent;
  const say = (text) => { area.hidden = false; words.textContent = text; };
  const tooLarge = () => input.files[0] && input.files[0].size > Number(form.dataset.limit);

  input.addEventListener("change", () => {
    drop.classList.toggle("chosen", input.files.length > 0);
    name.textContent = input.files.length ? input.files[0].name : hint;
    input.setCustomValidity(tooLarge() ? form.dataset.tooLarge : "");
    if (tooLarge()) input.reportValidity();
  });
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragenter" || kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change"));
      }
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("accept", "text/html");
    request.responseType = "text";
    request.upload.addEventListener("progress", (sent) => {
      const share = sent.lengthComputable ? Math.round(100 * sent.loaded / sent.total) : 0;
      bar.value = share;
      say(share < 100 ? `${form.dataset.sending} ${share} %` : form.dataset.checking);
    });
    request.addEventListener("error", () => { say(form.dataset.failed); button.disabled = false; });
    request.addEventListener("load", () => show(request, form.action));
    say(form.dataset.sending);
    request.send(new FormData(form));
  });
}

/** An answer that has an address of its own is opened there; any other replaces this page. */
function show(request, posted) {
  if (new URL(request.responseURL).pathname !== new URL(posted).pathname) {
    location.assign(request.responseURL);
    return;
  }
  const next = new DOMParser().parseFromString(request.responseText, "text/html");
  history.pushState(null, "", posted);
  addEventListener("popstate", () => location.reload());
  document.title = next.title;
  document.body.replaceWith(document.adoptNode(next.body));
  start();
  scrollTo(0, 0);
  document.getElementById("main").focus({ preventScroll: true });
}

/** Counts what is ticked and lets everything be ticked at once. */
function selection(form) {
  const boxes = () => [...form.elements].filter((one) => one.type === "checkbox" && one.name === "id");
  const every = form.querySelector("[data-all]");
  const words = form.querySelector("[data-chosen]") || document.querySelector(`[data-chosen][data-form="${form.getAttribute("id")}"]`);
  const button = [...form.elements].find((one) => one.matches("button.sign, .bar button"));
  const count = () => {
    const chosen = boxes().filter((one) => one.checked).length;
    if (words) words.textContent = words.dataset.text.replace("{n}", chosen);
    if (button) button.disabled = chosen === 0;
    if (every) { every.checked = chosen === boxes().length; every.indeterminate = chosen > 0 && !every.checked; }
  };
  if (every) {
    every.closest("[hidden]")?.removeAttribute("hidden");
    every.addEventListener("change", () => { boxes().forEach((one) => { one.checked = every.checked; }); count(); });
  }
  boxes().forEach((one) => one.addEventListener("change", count));
  count();
}

/** Looks again while something is under way, and never under the user's hands. */
function live(area) {
  const wait = Number(area.dataset.every);
  if (!wait) return;
  const busy = () => document.hidden || area.contains(document.activeElement) || area.querySelector("details.act[open]");
  setTimeout(async () => {
    if (!busy()) {
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        const next = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
        if (next && !busy() && next.outerHTML !== area.outerHTML) { // hands may have come while the answer was on its way
          area.replaceWith(document.adoptNode(next));
          prepare(next);
          live(next);
          return;
        }
      } catch { /* offline: the next look may succeed */ }
    }
    live(area);
  }, wait);
}

/** A form that acts is sent once, however often the button is pressed. */
function once(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { [...form.elements].filter((one) => one.matches("button")).forEach((one) => { one.disabled = true; }); });
  });
}

function save(button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([document.getElementById(button.dataset.save).textContent], { type: "application/json" }));
    link.download = button.dataset.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

function reveal(button, act) {
  button.hidden = false;
  button.addEventListener("click", act);
}

function prepare(root) {
  all("form[data-upload]", root).forEach(upload);
  all("form[data-select]", root).forEach(selection);
  all("form[data-once]", root).forEach(once);
  all("[data-save]", root).forEach(save);
  all("[data-print]", root).forEach((one) => reveal(one, () => print()));
  all("[data-back]", root).forEach((one) => reveal(one, () => history.back()));
}

/** Rows of places and tabs scroll sideways on a phone: the current one is in sight. */
function center(current) {
  const row = current.closest("ul");
  row.scrollLeft += current.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - current.clientWidth) / 2;
}

function start() {
  document.documentElement.classList.add("scripted");
  prepare(document);
  all("[data-live]").forEach(live);
  all("nav ul [aria-current]").forEach(center);
}

// A page that comes back from the browser's cache may be sent again.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
start();
