"use strict";
// Whether the member takes conversations now.

const inboxAvailability = (() => {
  const root = document.querySelector(".lq-inbox");
  const button = root?.querySelector(".lq-availability");
  let shown = "online";

  function show({ status, until }) {
    shown = status;
    button.lastElementChild.textContent = status;
    button.title = until ? `Until ${new Date(until).toLocaleString()}` : "Change";
    button.dataset.state = status;
    button.hidden = false;
  }

  async function start({ failed }) {
    if (!("mayAnswer" in root.dataset)) return;
    const { organization } = root.dataset;
    button.addEventListener("click", async () => {
      const status = shown === "online" ? "away" : "online";
      try {
        show(await inboxRequests.send("PUT", "availability/", { status }, organization));
      } catch (error) {
        failed(error.message);
      }
    });
    try {
      show(await inboxRequests.send("GET", "availability/", undefined, organization));
    } catch {
      // It stays hidden: a wrong state would be worse than none.
    }
  }

  return { start };
})();
