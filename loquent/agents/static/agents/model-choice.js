"use strict";
// Where an assistant's answers come from, in plain words. The fields that are sent are "Model" and
// "Connection" under Advanced, which this list fills in. Fields that the choice ignores are hidden, and a line says why.
(() => {
  const model = document.getElementById("id_model");
  if (!model) return;
  // Whose account the model is used with, if the organization has some.
  const account = document.getElementById("id_connection");
  const { choices, quoting } = JSON.parse(document.getElementById("lq-model-data").textContent);
  const OTHER = "";
  const IGNORED = {
    instructions:
      "The built-in search quotes your knowledge word for word and follows no instructions. Instructions are kept, for an AI model.",
    temperature: "The built-in search has no temperature: the same question gets the same answer.",
  };
  const copyOf = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
  const rowOf = (name) => document.querySelector(`.form-row.field-${name}`);

  const choice = copyOf("lq-model-choice");
  const select = choice.querySelector("select");
  for (const [at, { label }] of choices.entries()) select.add(new Option(label, String(at)));
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
    const at = choices.findIndex(
      (each) => each.model === value && each.connection === (account?.value ?? ""),
    );
    select.value = at < 0 ? OTHER : String(at);
    for (const { line, row } of lines) {
      // A field with a mistake stays in sight.
      const isIgnored = quoting.includes(value) && !row.querySelector(".errorlist");
      line.hidden = !isIgnored;
      row.hidden = isIgnored;
    }
  }

  select.addEventListener("change", () => {
    if (select.value !== OTHER) {
      const chosen = choices[Number(select.value)];
      if (account) account.value = chosen.connection;
      model.value = chosen.model;
      model.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    model.dispatchEvent(new Event("lq:reveal", { bubbles: true }));
    model.focus();
    model.select();
  });
  model.addEventListener("input", follow);
  account?.addEventListener("change", follow);
  window.addEventListener("pageshow", follow);
  follow();
})();
