// Sends from a phone without leaving the page, so that a conversation can be typed line after line.
"use strict";

for (const form of document.querySelectorAll("form[data-quiet]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const box = form.elements.body;
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
    if (answer.type !== "opaqueredirect" && !answer.ok) return form.submit();
    box.value = "";
    box.focus();
    await window.lookAgain();
  });
}
