"use strict";
// Tells the server again, once per browser session, that this browser gets push messages.
(async () => {
  const { register, scope } = document.currentScript.dataset;
  const RENEWED = "loquent.push";
  const token = document.querySelector("#logout-form [name=csrfmiddlewaretoken]")?.value;
  if (!token || !("serviceWorker" in navigator) || window.Notification?.permission !== "granted") return;
  const registration = await navigator.serviceWorker.getRegistration(scope);
  const subscription = await registration?.pushManager?.getSubscription();
  if (!subscription || sessionStorage.getItem(RENEWED) === subscription.endpoint) return;
  const response = await fetch(register, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(subscription),
  });
  if (response.ok) sessionStorage.setItem(RENEWED, subscription.endpoint);
})();
