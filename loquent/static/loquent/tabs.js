"use strict";
// Tabs of one document: links to its sections, which this script shows one at a time. Without the
// script all sections are visible, one below the other. The address names the open section.

for (const box of document.querySelectorAll("[data-tabs]")) {
  const list = box.querySelector("[data-tablist]");
  const tabs = [...list.querySelectorAll("a[href^='#']")];
  const panels = tabs.map((tab) => document.getElementById(tab.hash.slice(1)));
  list.setAttribute("role", "tablist");

  const show = (at) => {
    for (const [index, tab] of tabs.entries()) {
      tab.setAttribute("aria-selected", String(index === at));
      tab.tabIndex = index === at ? 0 : -1;
      panels[index].hidden = index !== at;
    }
  };
  const choose = (at) => {
    show(at);
    tabs[at].focus();
    history.replaceState(null, "", tabs[at].hash);
  };
  const indexOf = (hash) => {
    const target = hash.length > 1 ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
    return panels.findIndex((panel) => target && panel.contains(target));
  };

  for (const [index, tab] of tabs.entries()) {
    if (tab.parentElement !== list) tab.parentElement.setAttribute("role", "presentation");
    tab.id ||= `${panels[index].id}-tab`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panels[index].id);
    panels[index].setAttribute("role", "tabpanel");
    panels[index].setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      choose(index);
    });
    tab.addEventListener("keydown", (event) => {
      const isRtl = getComputedStyle(list).direction === "rtl";
      const step = { ArrowRight: isRtl ? -1 : 1, ArrowLeft: isRtl ? 1 : -1 }[event.key];
      const last = tabs.length - 1;
      let to = -1;
      if (step) to = (index + step + tabs.length) % tabs.length;
      else if (event.key === "Home") to = 0;
      else if (event.key === "End") to = last;
      else if (event.key === " ") to = index;
      if (to < 0) return;
      event.preventDefault();
      choose(to);
    });
  }
  box.classList.add("lq-tabs-live");
  const invalid = panels.findIndex((panel) => panel.querySelector("[aria-invalid='true'], .errorlist"));
  show(Math.max(invalid, 0));
  if (invalid < 0 && indexOf(location.hash) >= 0) show(indexOf(location.hash));
  window.addEventListener("hashchange", () => {
    if (indexOf(location.hash) >= 0) show(indexOf(location.hash));
  });
}
