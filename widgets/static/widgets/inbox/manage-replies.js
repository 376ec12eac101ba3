"use strict";
// The dialog in which members write, change and delete saved replies.

const inboxManageReplies = (() => {
  const root = document.querySelector(".lq-inbox");
  const dialog = root?.querySelector(".lq-replies");
  const form = dialog?.querySelector("form");
  const list = dialog?.querySelector("ul");
  const status = dialog?.querySelector("[role='status']");
  const fields = form?.elements;
  const mayShare = root && "mayShare" in root.dataset;
  const { organization } = root?.dataset ?? {};
  let edited = null;
  let newest = 0;
  let onChanged = () => {};

  const button = (text, action, label) => {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "button";
    element.textContent = text;
    element.setAttribute("aria-label", label);
    element.addEventListener("click", action);
    return element;
  };

  function row(reply) {
    const item = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = reply.name;
    const text = document.createElement("span");
    text.textContent = reply.content;
    text.dir = "auto";
    item.append(name, reply.shared ? " (shared) " : " ", text);
    if (reply.shared && !mayShare) return item;
    const actions = document.createElement("p");
    actions.append(
      button("Edit", () => edit(reply), `Edit ${reply.name}`),
      button("Delete", () => remove(reply), `Delete ${reply.name}`),
    );
    item.append(actions);
    return item;
  }

  function edit(reply) {
    edited = reply;
    fields.name.value = reply?.name ?? "";
    fields.content.value = reply?.content ?? "";
    if (fields.shared) fields.shared.checked = reply?.shared ?? false;
    form.querySelector("[type='submit']").textContent = reply ? "Save" : "Add";
    fields.name.focus();
  }

  async function run(words, action) {
    try {
      await action();
      status.textContent = words;
      onChanged();
      await load();
    } catch (error) {
      status.textContent = error.message;
    }
  }

  const remove = (reply) =>
    run(`${reply.name} is deleted.`, async () => {
      await inboxRequests.send("DELETE", `saved-replies/${reply.id}/`, undefined, organization);
      if (edited?.id === reply.id) edit(null);
      fields.name.focus();
    });

  const save = () =>
    run("Saved.", async () => {
      const body = { name: fields.name.value, content: fields.content.value };
      if (fields.shared) body.shared = fields.shared.checked;
      const path = edited ? `saved-replies/${edited.id}/` : "saved-replies/";
      await inboxRequests.send(edited ? "PATCH" : "POST", path, body, organization);
      edit(null);
    });

  async function load() {
    newest += 1;
    const own = newest;
    const replies = await inboxRequests.all("saved-replies/", organization);
    if (own === newest) list.replaceChildren(...replies.map(row));
  }

  return {
    start({ changed, typed }) {
      if (!dialog) return;
      onChanged = changed;
      root.querySelector(".lq-replies-button").addEventListener("click", () => {
        status.textContent = "";
        dialog.showModal();
        edit(null);
        // What is in the box is likely what should be kept.
        fields.content.value = typed();
        load().catch((error) => {
          status.textContent = error.message;
        });
      });
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        save();
      });
      dialog.querySelector(".lq-close").addEventListener("click", () => dialog.close());
    },
  };
})();
