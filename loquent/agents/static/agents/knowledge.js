"use strict";
// What an agent knows: a list of entries, and dialogs to add, change and delete them.
(() => {
  const { AWAY, post, sentenceOf } = loquentAgent;

  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  }

  function tell(dialog, sentence) {
    const place = dialog.querySelector("[role=alert]");
    place.textContent = sentence;
    place.hidden = !sentence;
  }

  const labelOf = (dialog) => (name) =>
    dialog.querySelector("form").elements[name]?.labels?.[0]?.textContent.replace(" (optional)", "") ?? name;

  function knowledge(section) {
    const list = section.querySelector(".lq-knowledge-list");
    const status = section.querySelector(".lq-knowledge-status");
    const editor = document.getElementById("lq-entry");
    const remover = document.getElementById("lq-remove");
    if (!editor) return;
    const form = editor.querySelector("form");
    let removed = "";
    let saved = "";

    async function refresh(words) {
      const response = await fetch(section.dataset.list, { redirect: "error" });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      list.replaceChildren(...page.body.childNodes);
      status.textContent = words;
    }

    const fieldsOf = () => JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken"));

    function edit(entry) {
      for (const name of ["id", "version", "title", "content", "url"])
        form.elements[name].value = entry[name] ?? "";
      editor.querySelector("h2").textContent = entry.id ? "Edit entry" : "New entry";
      editor.querySelector(".lq-entry-source").hidden = !entry.source;
      tell(editor, "");
      saved = fieldsOf();
      editor.showModal();
    }

    section.querySelector("[data-add]").addEventListener("click", () => edit({}));
    list.addEventListener("click", async (event) => {
      const row = event.target.closest("tr");
      if (event.target.closest("[data-edit]")) {
        try {
          const response = await fetch(`${section.dataset.list}?entry=${row.dataset.entry}`);
          if (!response.ok) await refresh("This entry no longer exists.");
          else edit(await response.json());
        } catch {
          status.textContent = AWAY;
        }
      } else if (event.target.closest("[data-delete]")) {
        removed = row.dataset.entry;
        remover.querySelector(".lq-remove-name").textContent = row.querySelector(".lq-entry-name").textContent;
        remover.showModal();
      }
    });

    loquentCheck(editor, section.dataset.check, () => new FormData(form), labelOf(editor));
    loquentCheck(remover, section.dataset.check, () => {
      const body = new FormData();
      body.set("id", removed);
      body.set("delete", "1");
      return body;
    });

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const response = await post(section.dataset.save, new FormData(form));
        if (!response.ok || response.redirected) {
          tell(editor, await sentenceOf(response, labelOf(editor)));
          return;
        }
        saved = "";
        editor.close();
        await refresh("Saved.");
      } catch {
        tell(editor, AWAY);
      }
    });
    // Escape closes at once only where nothing would be lost.
    editor.addEventListener("cancel", (event) => {
      if (saved && fieldsOf() !== saved) {
        event.preventDefault();
        tell(editor, "Your changes are not saved yet. Save the entry, or choose Cancel to discard them.");
      }
    });

    remover.querySelector("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const body = new FormData();
      body.set("id", removed);
      try {
        const response = await post(section.dataset.delete, body);
        await refresh(response.ok ? "Deleted." : await sentenceOf(response));
      } catch {
        status.textContent = AWAY;
      }
      remover.close();
    });

    loquentImport(section, refresh);
    document.addEventListener("lq-knowledge-changed", () => refresh("").catch(() => (status.textContent = AWAY)));
  }

  const known = document.querySelector(".lq-knowledge[data-list]");
  if (known) knowledge(known);
})();
