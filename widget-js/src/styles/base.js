export const base = /* css */ `
* { box-sizing: border-box; margin: 0; padding: 0 }
.root {
  --surface: #fff; --bubble: #f1f2f5; --text: #1a1c21; --dim: #5b606c; --line: #d9dce3; --field: #868b98; --bad: #b42318;
  font: 15px/1.5 system-ui, sans-serif;
  color: var(--text); color-scheme: light;
}
.dark {
  --surface: #1b1c20; --bubble: #2a2c32; --text: #f2f3f5; --dim: #a9adb8; --line: #3b3e46; --field: #7b808d; --bad: #ffa198;
  color-scheme: dark;
}
[hidden], :empty:is(.error, .hint, .badge, .count, .status, .toast) { display: none !important }
button { font: inherit; color: inherit; border: 0; background: none; cursor: pointer; touch-action: manipulation }
svg { display: block; width: 20px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
@media (prefers-reduced-motion: reduce) {
  * { animation: none !important; transition: none !important }
}
@media (forced-colors: active) {
  .panel, .bubble, .launcher, .send, .main { border: 1px solid }
}
`;
