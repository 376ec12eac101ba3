/** An Angular app with zone.js, which says when it is stable. */

import "zone.js";
import "@angular/compiler";
import { ApplicationRef, Component } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";

class App {
  constructor() {
    window.Loquent.push(["mount", window.mountOptions]);
  }
}
const Shop = Component({ selector: "app-root", template: "<p>App</p>", standalone: true })(App);
document.body.append(document.createElement("app-root"));
bootstrapApplication(Shop).then((app) => {
  app.injector.get(ApplicationRef).isStable.subscribe((stable) => {
    window.isStable = stable;
  });
  window.pageReady = true;
});
