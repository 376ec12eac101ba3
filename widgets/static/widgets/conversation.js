"use strict";
// The page of a conversation: its transcript, and what happens live.
(() => {
  const section = document.querySelector(".lq-transcript");
  if (!section) return;
  const list = section.querySelector(".lq-lines");
  const scroller = section.querySelector(".lq-scroller");
  const status = section.querySelector(".lq-status");
  const replaced = section.querySelector(".lq-replaced");
  const transcript = loquentTranscript({ list, scroller });
  const growing = loquentGrowing({ growing: section.querySelector(".lq-growing"), transcript });

  // --- what the server has ---

  let isAsking = false;
  let wantsAgain = false;

  /** Takes over the lines after the newest but one: that one's answer may be another by now. */
  async function catchUp() {
    if (isAsking) {
      wantsAgain = true;
      return;
    }
    isAsking = true;
    try {
      const after = Math.max(0, transcript.newest() - 2);
      const response = await fetch(`${section.dataset.messages}?after=${after}`, {
        headers: { Accept: "text/html" },
        redirect: "error",
      });
      if (response.ok) show(await response.text());
    } catch {
      // The socket comes back, and asks again then.
    }
    isAsking = false;
    if (wantsAgain) {
      wantsAgain = false;
      catchUp();
    }
  }

  function show(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    transcript.show(page.querySelectorAll("li[data-seq]"));
    section.querySelector(".lq-nothing")?.remove();
  }

  // --- what happens ---

  function take(frame) {
    switch (frame.type) {
      case "live":
        growing.reset();
        catchUp();
        break;
      case "typing_start":
      case "delta":
        growing.take(frame);
        break;
      case "message":
        if (frame.role === "assistant") growing.reset();
        catchUp();
        break;
      case "typing_stop":
        growing.reset();
        catchUp();
        break;
      case "replaced":
        showSuccessor(frame.conversation);
        break;
    }
  }

  function showSuccessor(id) {
    const link = document.createElement("a");
    link.href = `${section.dataset.conversations}${encodeURIComponent(id)}/change/`;
    link.textContent = "Open it";
    replaced.replaceChildren("The visitor started a new conversation. ", link);
    replaced.hidden = false;
  }

  function say(kind, words) {
    status.dataset.kind = kind;
    if (status.textContent !== words) status.textContent = words;
  }

  transcript.toEnd();
  loquentSocket({
    path: section.dataset.live,
    take,
    say,
    lost: growing.reset,
    gone: "This conversation was deleted, or you no longer have access to it. Reload the page.",
  });
})();
