"use strict";
// Tabs of one document: links to its sections, which this script shows one at a time. Without the
// script all sections are visible, one below the other. The address names the open section. A form
// that is sent opens again at the same tab, unless it has mistakes: then at the first with one.

const OPEN_TAB = "loquent:open-tab";

/** Return the tab that was open when the form on this page was sent, once. */
function sentFrom() {
  try {
    const [path, hash] = JSON.parse(sessionStorage.getItem(OPEN_TAB) ?? "[]");
    sessionStorage.removeItem(OPEN_TAB);
    return path === location.pathname ? hash : "";
  } catch {
    return "";
  }
}

for (const box of document.querySelectorAll("[data-tabs]")) {
  const list = box.querySelector("[data-tablist]");
  const tabs = [...list.querySelectorAll("a[href^='#']")];
  const panels = tabs.map((tab) => document.getElementById(tab.hash.slice(1)));
  let opened = 0;
  list.setAttribute("role", "tablist");

  const show = (at) => {
    for (const [index, tab] of tabs.entries()) {
      tab.setAttribute("aria-selected", String(index === at));
      tab.tabIndex = index === at ? 0 : -1;
      panels[index].hidden = index !== at;
    }
    opened = at;
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

  /** Say beside a tab how many of its fields have a mistake. */
  const count = (tab, panel) => {
    const mistakes = panel.querySelectorAll(".errorlist").length;
    if (!mistakes) return;
    const badge = document.createElement("span");
    badge.className = "lq-count";
    badge.textContent = String(mistakes);
    const words = document.createElement("span");
    words.className = "visually-hidden";
    words.textContent = mistakes === 1 ? " error" : " errors";
    badge.append(words);
    tab.append(" ", badge);
  };

  for (const [index, tab] of tabs.entries()) {
    count(tab, panels[index]);
    if (tab.parentElement !== list) tab.parentElement.setAttribute("role", "presentation");
    tab.id ||= `${panels[index].id}-tab`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panels[index].id);
    panels[index].setAttribute("role", "tabpanel");
    panels[index].setAttribute("aria-labelledby", tab.id);
    // A link to one of its fields is followed.
    panels[index].addEventListener("lq:reveal", () => show(index));
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
  const wanted = indexOf(location.hash) >= 0 ? location.hash : sentFrom();
  show(Math.max(invalid < 0 ? indexOf(wanted) : invalid, 0));
  for (const kind of ["submit", "lq:leave"]) {
    document.addEventListener(kind, (event) => {
      if (event.target !== box.closest("form")) return;
      try {
        sessionStorage.setItem(OPEN_TAB, JSON.stringify([location.pathname, tabs[opened].hash]));
      } catch {
        // Without storage, the first tab opens.
      }
      // A redirect would keep the hash for another page.
      history.replaceState(null, "", location.pathname + location.search);
    });
  }
  window.addEventListener("hashchange", () => {
    if (indexOf(location.hash) >= 0) show(indexOf(location.hash));
  });
}
