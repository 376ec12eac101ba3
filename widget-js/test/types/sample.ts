/** Compiled, never run: what an app writes, and what the declarations are to refuse. */

import { createLoquent, type LoquentSdk, type LoquentWidget } from "loquent-widget";

const widget: LoquentWidget = createLoquent({
  host: "https://chat.example.com",
  widget: "wid_one",
  offsetY: 80,
  texts: { open: "Ask us" },
  pageContext: { plan: "pro", items: [1, 2] },
});
const off: () => void = widget.on("message", ({ role, content }) => console.log(role, content));
off();
widget.on("unread", (count) => count.toFixed());
widget.on("ready", () => widget.open());
widget.identify({ email: "jane@example.com" });
widget.destroy();

window.Loquent = window.Loquent || [];
window.Loquent.push(["prefill", "Hello"], ["open"]);
const sdk = window.Loquent as LoquentSdk;
sdk.get("wid_one")?.setTheme("dark");
sdk.mount({ widget: "wid_two" })?.close();

// @ts-expect-error the server is missing
createLoquent({ widget: "wid_one" });
// @ts-expect-error no such theme
widget.setTheme("pink");
// @ts-expect-error no such event
widget.on("opened", () => {});
// @ts-expect-error the count is a number
widget.on("unread", (count: string) => count);
// @ts-expect-error no such method
window.Loquent.push(["shout", "Hello"]);
// @ts-expect-error no such position
createLoquent({ host: "", widget: "", position: "top" });
