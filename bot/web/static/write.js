// Counts the segments a text will be cut into while it is typed, as bot/core/segments.py counts them.
"use strict";

const BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED = "^{}\\[~]|€\f";

function segments(text) {
  const letters = [...text];
  const plain = letters.every((each) => BASIC.includes(each) || EXTENDED.includes(each));
  const widths = letters.map((each) => (plain ? (EXTENDED.includes(each) ? 2 : 1) : each.length));
  const units = widths.reduce((sum, width) => sum + width, 0);
  if (units <= (plain ? 160 : 70)) return 1;
  const room = plain ? 153 : 67;
  let count = 1;
  let used = 0;
  for (const width of widths) {
    if (used + width > room) [count, used] = [count + 1, 0];
    used += width;
  }
  return count;
}

for (const box of document.querySelectorAll("[data-segments]")) {
  const shown = document.getElementById(box.dataset.segments);
  const count = () => {
    const text = box.value.trim();
    const parts = segments(text);
    shown.textContent = text ? `${text.length} characters, ${parts} ${parts === 1 ? "text" : "texts"}.` : "";
  };
  box.addEventListener("input", count);
  count();
}

// What came in while the page was open was read too: who answers now answers up to the last text on the page.
for (const form of document.querySelectorAll("form.write:has(input[name=read])")) {
  form.addEventListener("submit", () => {
    const seen = [...document.querySelectorAll(".bubbles > .in[id]")].map((each) => Number(each.id.slice(1)));
    form.elements.read.value = Math.max(Number(form.elements.read.value), ...seen);
  });
}
