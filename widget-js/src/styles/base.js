export const base = /* css */ `
.root {
  --surface: #fff; --bubble: #f1f2f5; --text: #1a1c21; --dim: #5b606c; --line: #d9dce3; --field: #868b98; --bad: #b42318;
  color: var(--text); color-scheme: light;
}
.dark {
  --surface: #1b1c20; --bubble: #2a2c32; --text: #f2f3f5; --dim: #a9adb8; --line: #3b3e46; --field: #7b808d; --bad: #ffa198;
  color-scheme: dark;
}
[hidden], :empty:is(.error, .hint, .badge, .count, .status, .toast) { display: none !important }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
@media (forced-colors: active) {
  .panel, .bubble, .send, .main { border: 1px solid }
}
`;
