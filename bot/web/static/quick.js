// Puts a quick answer into the box, to be changed and sent like anything typed.
"use strict";

for (const button of document.querySelectorAll("[data-quick]")) {
  button.addEventListener("click", () => {
    const box = document.getElementById(button.dataset.into);
    box.value = [box.value.trim(), button.dataset.quick].filter(Boolean).join(" ");
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  });
}
