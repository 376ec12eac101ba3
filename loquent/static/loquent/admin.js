"use strict";
// The admin's frame: the navigation on small screens, menus, lists as cards, and copy buttons.

const menuButton = document.querySelector(".lq-menu-button");
menuButton?.addEventListener("click", () => {
  const isOpen = menuButton.getAttribute("aria-expanded") === "true";
  menuButton.setAttribute("aria-expanded", String(!isOpen));
});

// A menu closes with Escape, which gives the focus back, and with a click beside it.
for (const menu of document.querySelectorAll("details.lq-menu")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}

// On a phone each row is a card (pages.css); conversations have a layout of their own.
const resultList = document.querySelector("body:not(.model-widgetsession) #result_list");
const columnTitles = [...(resultList?.tHead.rows[0].cells ?? [])].map((head) => {
  return head.querySelector(".text")?.textContent.trim() ?? "";
});
for (const row of resultList?.tBodies[0].rows ?? []) {
  for (const [at, cell] of [...row.cells].entries()) {
    if (columnTitles[at] && cell.matches("td:not(.action-checkbox)")) cell.dataset.label = columnTitles[at];
  }
}

// `data-copy` names the field to copy; the status stands in the same section.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    const status = button.closest("section").querySelector(".lq-copied");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      status.textContent = "Copied.";
    } catch {
      status.textContent = "Press Ctrl+C (or ⌘C) to copy what is selected.";
    }
  });
}

// A form that was not saved says what to correct, with a link to each field, and takes the focus.
const errorNote = document.querySelector("#content form .errornote");

/** Return the links of the server, or those to the fields with errors on pages that have none. */
function errorLinks() {
  const made = document.querySelector("#content form .lq-error-links");
  if (made) return made;
  const links = document.createElement("ul");
  links.className = "lq-error-links";
  for (const errors of document.querySelectorAll("#content form ul.errorlist[id$='_error']")) {
    const input = document.getElementById(errors.id.replace(/_error$/, ""));
    if (!input) continue;
    const name = (input.labels?.[0] ?? document.querySelector(`label[for="${CSS.escape(input.id)}"]`))?.textContent;
    const link = document.createElement("a");
    link.href = `#${input.id}`;
    link.textContent = `${name?.trim().replace(/:$/, "") || input.name}: ${errors.textContent.trim()}`;
    const item = document.createElement("li");
    item.append(link);
    links.append(item);
  }
  return links;
}

if (errorNote) {
  const links = errorLinks();
  for (const link of links.querySelectorAll("a")) {
    link.addEventListener("click", (event) => {
      const input = document.getElementById(link.hash.slice(1));
      if (!input) return;
      event.preventDefault();
      input.closest("details")?.setAttribute("open", "");
      input.dispatchEvent(new Event("lq:reveal", { bubbles: true }));
      input.focus();
      input.scrollIntoView({ block: "center" });
    });
  }
  if (links.children.length) errorNote.after(links);
  errorNote.tabIndex = -1;
  errorNote.focus();
}
