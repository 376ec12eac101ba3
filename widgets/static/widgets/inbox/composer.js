"use strict";
// The boxes for replies and notes, and what is typed in them: kept per conversation until it is sent.

const inboxComposer = (() => {
  const root = document.querySelector(".lq-inbox");
  const box = root?.querySelector(".lq-compose");
  const notice = box?.querySelector(".lq-compose-notice");
  const forms = box && { reply: box.querySelector(".lq-compose-reply"), note: box.querySelector(".lq-compose-note") };
  const areas = box && { reply: forms.reply.querySelector("textarea"), note: forms.note.querySelector("textarea") };

  let facts = {};
  /** What is typed in the conversations that were open, by conversation. */
  const typed = new Map();
  let onTyping = () => {};

  function choose(kind) {
    for (const [name, form] of Object.entries(forms)) form.hidden = name !== kind;
    for (const each of box.querySelectorAll("[data-mode]")) {
      each.setAttribute("aria-pressed", String(each.dataset.mode === kind));
    }
    box.dataset.mode = kind;
  }

  function write(kind) {
    if (box.hidden || !facts.member) return;
    choose(kind);
    areas[kind].focus();
  }

  function keep(id, texts) {
    if (texts.reply || texts.note) typed.set(id, texts);
    else typed.delete(id);
  }

  function fill(kind, text) {
    areas[kind].value = text;
    inboxDrafts.typed(facts, areas.reply.value);
  }

  /** Shows what may be written in the conversation that is open now. */
  function show(now) {
    const isOther = now.id !== facts.id;
    if (isOther && facts.id) {
      keep(facts.id, { reply: areas.reply.value, note: areas.note.value });
      inboxDrafts.save();
    }
    facts = now;
    inboxOutbox.show(now);
    box.hidden = !now.id;
    if (!now.id) return;
    if (isOther) {
      const known = typed.get(now.id);
      areas.reply.value = known?.reply || (inboxDrafts.kept("reply", now.id) ?? now.draft ?? "");
      areas.note.value = known?.note || (inboxDrafts.kept("note", now.id) ?? "");
      inboxDrafts.opened(now, areas.reply.value, now.draft ?? "");
    }
    if (isOther && now.member) choose("reply");
    // Viewers read.
    box.classList.toggle("lq-read-only", !now.member);
    const isTaken = now.other && !now.whyNot;
    const words = isTaken ? `${now.other} has this conversation. Take it over before you answer.` : now.whyNot;
    notice.hidden = !words;
    if (notice.textContent !== words) notice.textContent = words;
    forms.reply.querySelector("[type='submit']").disabled = !("mayAnswer" in now) || "other" in now;
  }

  function submit(kind) {
    const content = areas[kind].value.trim();
    if (!content || !facts.id) return;
    areas[kind].value = "";
    inboxOutbox.add(kind, content);
    if (kind === "reply") inboxDrafts.typed(facts, "");
    else inboxDrafts.keep("note", facts.id, null);
    onTyping("viewing");
  }

  /** Puts a text that was not sent back into its box, in front of what is in there. */
  function edit({ kind, content }) {
    choose(kind);
    fill(kind, areas[kind].value ? `${content}\n${areas[kind].value}` : content);
    areas[kind].focus();
  }

  function start({ sent, typing }) {
    onTyping = typing;
    inboxDrafts.start();
    inboxSavedReplies.start({ area: areas.reply, facts: () => facts });
    inboxManageReplies.start({ changed: inboxSavedReplies.changed, typed: () => areas.reply.value });
    inboxOutbox.start({
      edited: edit,
      sent(item) {
        // A sent reply deletes its draft, and with it what was typed in the meantime.
        if (item.kind === "reply" && item.conversation === facts.id) inboxDrafts.lost(facts, areas.reply.value);
        sent(item);
      },
    });
    for (const [kind, form] of Object.entries(forms)) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (!form.querySelector("[type='submit']").disabled) submit(kind);
      });
      form.addEventListener("keydown", (event) => {
        if (event.defaultPrevented || !inboxKeys.sends(event)) return;
        event.preventDefault();
        form.requestSubmit();
      });
      areas[kind].addEventListener("input", () => {
        if (kind === "reply") inboxDrafts.typed(facts, areas.reply.value);
        else inboxDrafts.keep("note", facts.id, areas.note.value || null);
        onTyping(areas[kind].value ? { reply: "writing", note: "noting" }[kind] : "viewing");
      });
    }
    box.addEventListener("click", (event) => {
      const mode = event.target.closest("button[data-mode]")?.dataset.mode;
      if (mode) write(mode);
    });
  }

  return { start, show, write, flush: () => inboxOutbox.flush() };
})();
