// Keeps parts of a page fresh: asks for them again every few seconds and puts in only what changed.
// What is typed, chosen, unfolded or focused stays as it is.
"use strict";

const stale = document.getElementById("stale");

function say(sentence) {
  stale.textContent = sentence;
  stale.hidden = !sentence;
}

function kept(element) {
  const focus = document.activeElement;
  const touched = [...element.querySelectorAll(":is(input, select, textarea, details, summary, button, a)[id]")];
  return touched.map((each) => {
    return { id: each.id, value: each.value, ticked: each.checked, open: each.open, focused: each === focus };
  });
}

function restore(memory) {
  for (const { id, value, ticked, open, focused } of memory) {
    const element = document.getElementById(id);
    if (!element) continue;
    if (element.tagName === "DETAILS") element.open = open;
    else if (element.type === "checkbox") element.checked = ticked;
    else if (element.value !== value) element.value = value;
    if (focused) element.focus({ preventScroll: true });
  }
}

// A token of the first answer holds as long as the session; with it, what did not change compares as equal.
function sameToken(source) {
  const token = document.querySelector("input[name=csrf_token]")?.getAttribute("value");
  for (const input of source.querySelectorAll("input[name=csrf_token]")) if (token) input.setAttribute("value", token);
}

function merge(target, source) {
  const ids = new Set([...source.children].map((each) => each.id));
  for (const old of [...target.children]) if (!ids.has(old.id)) old.remove();
  [...source.children].forEach((fresh, place) => {
    const old = [...target.children].find((each) => each.id === fresh.id);
    if (!old) target.insertBefore(fresh, target.children[place] ?? null);
    else if (!old.isEqualNode(fresh)) {
      const memory = kept(old);
      old.replaceWith(fresh);
      restore(memory);
    }
  });
}

function put(part, html) {
  const source = new DOMParser().parseFromString(`<body><${part.tagName}>${html}</${part.tagName}></body>`, "text/html")
    .body.firstElementChild;
  const atEnd = part.scrollHeight - part.scrollTop - part.clientHeight < 60;
  sameToken(source);
  merge(part, source);
  if (atEnd && "sticks" in part.dataset) part.scrollTop = part.scrollHeight;
}

async function refresh(part) {
  const headers = { "X-Fragment": "yes" };
  if (part.etag) headers["If-None-Match"] = part.etag;
  const answer = await fetch(part.dataset.fresh, { headers, cache: "no-store", signal: AbortSignal.timeout(15000) });
  if (answer.status === 401) return "You are signed out. Sign in again in another tab; what you typed stays here.";
  if (answer.status !== 200 && answer.status !== 304) return "This page is not fresh: Standby does not answer.";
  if (answer.status === 200) {
    part.etag = answer.headers.get("ETag");
    put(part, await answer.text());
  }
  return "";
}

async function look(part) {
  if (document.hidden || part.busy) return;
  part.busy = true;
  try {
    say(await refresh(part));
  } catch {
    say("This page is not fresh: no connection.");
  }
  part.busy = false;
}

const parts = [...document.querySelectorAll("[data-fresh]")];

window.lookAgain = () => Promise.all(parts.map(look));

for (const part of parts) {
  if ("sticks" in part.dataset) part.scrollTop = part.scrollHeight;
  setInterval(look, 1000 * part.dataset.every, part);
}
document.addEventListener("visibilitychange", window.lookAgain);
