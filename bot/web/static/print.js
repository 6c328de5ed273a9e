// Paper cannot be unfolded: every table stands open while it prints.
"use strict";

const folds = () => document.querySelectorAll("details.fold");
addEventListener("beforeprint", () => folds().forEach((each) => {
  each.dataset.stood ??= each.open ? "open" : "";
  each.open = true;
}));
addEventListener("afterprint", () => folds().forEach((each) => {
  each.open = Boolean(each.dataset.stood);
  delete each.dataset.stood;
}));
