"use strict";
// Tells the server again, once per browser session, that this browser gets push messages, and ends
// that when the member logs out: the next person at this browser may be another.
(async () => {
  const { register, scope } = document.currentScript.dataset;
  const RENEWED = "loquent.push";
  // Nothing keeps a member from logging out for longer than this.
  const PATIENCE = 2_000;
  const form = document.querySelector("#logout-form");
  const token = form?.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!token || !("serviceWorker" in navigator) || window.Notification?.permission !== "granted") return;

  async function known() {
    const registration = await navigator.serviceWorker.getRegistration(scope);
    return registration?.pushManager?.getSubscription();
  }
  const tell = (method, body) =>
    fetch(register, {
      method,
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(body),
    });

  let renewing = Promise.resolve();

  async function end() {
    const subscription = await known();
    if (!subscription) return;
    sessionStorage.removeItem(RENEWED);
    await Promise.allSettled([
      subscription.unsubscribe(),
      // A renewal that arrived after it would begin it again.
      renewing.catch(() => {}).then(() => tell("DELETE", { endpoint: subscription.endpoint })),
    ]);
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE));
    await Promise.race([end().catch(() => {}), patience]);
    form.submit();
  });

  const subscription = await known();
  if (!subscription || sessionStorage.getItem(RENEWED) === subscription.endpoint) return;
  renewing = tell("POST", subscription);
  const response = await renewing;
  if (response.ok) sessionStorage.setItem(RENEWED, subscription.endpoint);
})();
