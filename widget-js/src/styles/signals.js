export const signals = /* css */ `
.launcher:focus-visible { outline-color: var(--_text); box-shadow: 0 0 0 6px var(--_surface) }
.launcher svg { transition: .2s }
.launcher > .down, .open .launcher > :first-child { opacity: 0; transform: rotate(-60deg) scale(.6) }
.open .launcher > .down { opacity: 1; transform: none }
.open .wide { padding: 0; gap: 0 }
.open .caption { display: none }
.badge {
  position: absolute; top: -3px; inset-inline-end: -3px; min-width: 20px; padding: 0 5px; border-radius: 10px;
  background: #d92d20; color: #fff; font-size: 12px; font-weight: 600; line-height: 20px; box-shadow: 0 0 0 2px var(--_surface);
}
.launcher[aria-busy]::before {
  content: ""; position: absolute; inset: 5px; border-radius: inherit; border: 2px solid; border-block-start-color: transparent;
  animation: turn .8s linear infinite;
}
.wide[aria-busy]::before { inset: auto; width: calc(var(--_size) - 10px); height: calc(var(--_size) - 10px); border-radius: 50%; inset-inline-start: 5px }
@keyframes turn { to { transform: rotate(1turn) } }
.toast {
  margin: 0 0 calc(var(--_size) + 14px); max-width: min(260px, 100vw - var(--_x) - 20px);
  padding: 9px 14px; border-radius: 12px; background: var(--_surface); font-size: 14px; box-shadow: 0 0 0 1px #0000000f, 0 4px 20px #0003;
}
`;
