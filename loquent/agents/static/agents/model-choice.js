"use strict";
// Where an assistant's answers come from, in plain words. The field that is sent is "Model" under
// Advanced, which this list fills in. Fields that the choice ignores are hidden, and a line says why.
(() => {
  const model = document.getElementById("id_model");
  if (!model) return;
  const { labels, quoting } = JSON.parse(document.getElementById("lq-model-data").textContent);
  const OTHER = "";
  const IGNORED = {
    instructions:
      "The built-in search quotes your knowledge word for word and follows no instructions. What is written here is kept for an AI model.",
    temperature: "The built-in search has no temperature: the same question gets the same answer.",
  };
  const copyOf = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
  const rowOf = (name) => document.querySelector(`.form-row.field-${name}`);

  const choice = copyOf("lq-model-choice");
  const select = choice.querySelector("select");
  for (const [value, label] of Object.entries(labels)) select.add(new Option(label, value));
  select.add(new Option("Another model (under Advanced)", OTHER));
  rowOf("instructions").before(choice);

  const lines = Object.entries(IGNORED).map(([name, sentence]) => {
    const line = copyOf("lq-ignored");
    line.querySelector("p").textContent = sentence;
    rowOf(name).after(line);
    return { line, row: rowOf(name) };
  });

  function follow() {
    const value = model.value.trim();
    select.value = value in labels ? value : OTHER;
    for (const { line, row } of lines) {
      // A field with a mistake stays in sight.
      const isIgnored = quoting.includes(value) && !row.querySelector(".errorlist");
      line.hidden = !isIgnored;
      row.hidden = isIgnored;
    }
  }

  select.addEventListener("change", () => {
    if (select.value !== OTHER) {
      model.value = select.value;
      model.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    model.dispatchEvent(new Event("lq:reveal", { bubbles: true }));
    model.focus();
    model.select();
  });
  model.addEventListener("input", follow);
  window.addEventListener("pageshow", follow);
  follow();
})();
