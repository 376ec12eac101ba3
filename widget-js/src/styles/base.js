export const base = /* css */ `
.root {
  --_surface: #fff; --_bubble: #f1f2f5; --_text: #1a1c21; --_dim: #5b606c; --_line: #d9dce3; --_field: #868b98; --_bad: #b42318;
  color: var(--_text); color-scheme: light;
}
.dark {
  --_surface: #1b1c20; --_bubble: #2a2c32; --_text: #f2f3f5; --_dim: #a9adb8; --_line: #3b3e46; --_field: #7b808d; --_bad: #ffa198;
  color-scheme: dark;
}
[hidden], :empty:is(.error, .hint, .badge, .count, .status, .toast) { display: none !important }
:focus-visible { outline: 2px solid var(--_link); outline-offset: 2px }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
@media (forced-colors: active) {
  .panel, .bubble, .send, .main { border: 1px solid }
}
`;
