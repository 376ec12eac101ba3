"use strict";
// Subscribes this browser to push messages, and renews the subscription whenever the page opens.
(() => {
  const form = document.querySelector(".lq-push");
  if (!form) return;
  const { key, register, worker, scope } = form.dataset;
  const state = form.querySelector(".lq-push-state");
  const button = form.querySelector("[data-push-on]");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const same = (a, b) => a.length === b.length && a.every((value, place) => value === b[place]);

  function nameOf() {
    const agent = navigator.userAgent;
    const browser = ["Firefox", "Edg", "OPR", "Chrome", "Safari"].find((each) => agent.includes(each));
    const system = ["iPhone", "iPad", "Android", "Windows", "Mac OS", "Linux"].find((each) => agent.includes(each));
    const names = { Edg: "Edge", OPR: "Opera" };
    return [names[browser] ?? browser ?? "Browser", system].filter(Boolean).join(" on ");
  }

  async function send(subscription) {
    const response = await fetch(register, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ ...subscription.toJSON(), name: nameOf() }),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.message ?? "The server did not accept this device.");
  }

  async function subscribe(registration) {
    const wanted = bytes(key);
    const known = await registration.pushManager.getSubscription();
    if (known && same(new Uint8Array(known.options.applicationServerKey), wanted)) return known;
    await known?.unsubscribe();
    return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: wanted });
  }

  async function turnOn() {
    button.disabled = true;
    try {
      if ((await Notification.requestPermission()) !== "granted") {
        throw new Error("Notifications are blocked for this site. Allow them in the browser's settings.");
      }
      await navigator.serviceWorker.register(worker, { scope });
      await send(await subscribe(await navigator.serviceWorker.ready));
      location.reload();
    } catch (error) {
      state.textContent = `Not turned on: ${error.message}`;
    }
    button.disabled = false;
  }

  async function begin() {
    if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
      state.textContent = "This browser does not support push messages here.";
      return;
    }
    button.addEventListener("click", turnOn);
    const registration = await navigator.serviceWorker.getRegistration(scope);
    const known = await registration?.pushManager.getSubscription();
    if (!known || Notification.permission !== "granted") {
      button.hidden = false;
      return;
    }
    try {
      await send(await subscribe(registration));
      state.textContent = "Push messages are on for this device.";
    } catch (error) {
      state.textContent = `Not renewed: ${error.message}`;
      button.hidden = false;
    }
  }

  begin();
})();
