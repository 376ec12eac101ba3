"use strict";
// The list of sites stays current while the page is open and visible.
{
  const SECONDS = 5;
  const box = document.getElementById("lq-sites");
  const status = document.getElementById("lq-sites-status");
  const state = () => box.querySelector("[data-state]")?.textContent.trim();

  async function refresh() {
    // A list that is replaced under the keyboard would lose its focus.
    if (document.hidden || box.contains(document.activeElement)) return;
    const response = await fetch(box.dataset.url, { redirect: "error" });
    if (!response.ok) return;
    const html = await response.text();
    if (box.contains(document.activeElement)) return;
    const before = state();
    const page = new DOMParser().parseFromString(html, "text/html");
    box.replaceChildren(...page.body.childNodes);
    if (state() !== before) status.textContent = state();
  }

  // A request that fails is repeated by the next one.
  if (box) setInterval(() => refresh().catch(() => {}), SECONDS * 1_000);
}
