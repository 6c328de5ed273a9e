// What is unfolded under a text comes into view as a whole: the list of texts scrolls by itself.
"use strict";

document.addEventListener("click", (event) => {
  const fold = event.target.closest(".bubbles summary")?.parentElement;
  if (fold) requestAnimationFrame(() => fold.open && fold.scrollIntoView({ block: "nearest" }));
});
