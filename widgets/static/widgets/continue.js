"use strict";
// Gives the chat of this browser the conversation that a link in a mail has opened.
(() => {
  const { widget, token, chat } = document.querySelector("main").dataset;
  localStorage.setItem(`loquent:${widget}:token`, token);
  location.replace(chat);
})();
