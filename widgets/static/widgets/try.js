"use strict";
// A proposed question is asked by a click.
for (const button of document.querySelectorAll("[data-ask]")) {
  button.addEventListener("click", () => {
    const form = document.querySelector(".lq-try");
    form.querySelector("textarea").value = button.textContent;
    form.requestSubmit();
  });
}
