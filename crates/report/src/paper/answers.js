"use strict";
(() => {
  const button = document.getElementById("save");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...document.querySelectorAll("textarea")];
    const answers = boxes.filter(box => box.value.trim()).map(box => ({ path: box.dataset.path, rule: box.dataset.rule, message: box.dataset.message, comment: box.value.trim() }));
    const body = document.body.dataset;
    const file = { schema: "countersign.answers/1", title: document.title, scanned: body.scanned, policy: body.policy, written: new Date().toISOString(), answers };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1) + "\n"], { type: "application/json" }));
    link.download = "answers.json";
    link.click();
    document.getElementById("saved").textContent = answers.length === 1 ? "1 answer saved as answers.json: send it back with the page." : answers.length + " answers saved as answers.json: send it back with the page.";
  });
})();
