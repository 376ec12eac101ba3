"use strict";
// Shows push messages of the admin. A message that shows nothing would end the subscription.

const INBOX = "/admin/inbox/";

function read(event) {
  try {
    return event.data.json().notification ?? {};
  } catch {
    return {};
  }
}

async function open(url) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const inbox = windows.find((each) => new URL(each.url).pathname === INBOX);
  if (!inbox) return self.clients.openWindow(url);
  await inbox.focus();
  return inbox.navigate(url).catch(() => self.clients.openWindow(url));
}

self.addEventListener("push", (event) => {
  const { title = "A visitor is waiting", body = "", tag, navigate = INBOX } = read(event);
  const options = { body, tag, data: { navigate } };
  event.waitUntil(self.registration.showNotification(title, options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.navigate ?? INBOX));
});

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
