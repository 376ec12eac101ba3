"use strict";
/** Show below a form what its change would do to the test questions; `body` returns the change. */
const loquentCheck = (place, url, body, labelOf) => {
  const { AWAY, post, sentenceOf } = loquentAgent;
  const form = place.closest("form") ?? place.querySelector("form");
  const button = place.querySelector("[data-check]");
  const state = place.querySelector(".lq-check-state");
  const result = place.querySelector(".lq-comparison");
  let newest = 0;

  function clear() {
    newest++;
    state.textContent = "";
    result.hidden = true;
  }

  button.addEventListener("click", async () => {
    if (!form.noValidate && !form.reportValidity()) return;
    clear();
    const own = newest;
    state.textContent = "Asking the test questions…";
    let sentence = AWAY;
    let page;
    try {
      const response = await post(url, body());
      if (response.ok && !response.redirected)
        page = new DOMParser().parseFromString(await response.text(), "text/html");
      else sentence = await sentenceOf(response, labelOf);
    } catch {
      // The sentence says so.
    }
    // What was typed meanwhile belongs to another result.
    if (own !== newest) return;
    state.textContent = page ? "Nothing is saved yet." : sentence;
    if (!page) return;
    result.replaceChildren(...page.body.childNodes);
    result.hidden = false;
    button.scrollIntoView({ block: "nearest" });
  });
  place.addEventListener("input", clear);
  place.addEventListener("close", clear);
};

// The page on which an answer is written: a form of its own.
for (const form of document.querySelectorAll("form[data-check-url]")) {
  const labelOf = (name) => form.elements[name]?.labels?.[0]?.textContent ?? name;
  loquentCheck(form, form.dataset.checkUrl, () => new FormData(form), labelOf);
  let isTyped = form.querySelector("[role=alert]") !== null;
  form.addEventListener("input", () => { isTyped = true; });
  form.addEventListener("submit", () => { isTyped = false; });
  window.addEventListener("beforeunload", (event) => {
    if (isTyped) event.preventDefault();
  });
}
