export const launcher = /* css */ `
.launcher, .panel { position: fixed; right: calc(20px + env(safe-area-inset-right)); bottom: calc(20px + env(safe-area-inset-bottom)) }
.bottom_left :is(.launcher, .panel) { right: auto; left: calc(20px + env(safe-area-inset-left)) }
.launcher {
  display: grid; place-items: center; width: 56px; height: 56px; border-radius: 50%; background: var(--brand); color: var(--icon);
  box-shadow: 0 1px 3px #0003, 0 8px 24px #0003; transition: transform .2s;
}
.launcher:hover { transform: scale(1.06) }
.launcher svg { grid-area: 1/1; width: 26px; transition: .2s }
.launcher > :nth-child(2), .open .launcher > :first-child { opacity: 0; transform: rotate(-60deg) scale(.6) }
.open .launcher > :nth-child(2) { opacity: 1; transform: none }
.badge {
  position: absolute; top: -3px; inset-inline-end: -3px; min-width: 20px; padding: 0 5px; border-radius: 10px;
  background: #d92d20; color: #fff; font-size: 12px; font-weight: 600; line-height: 20px; box-shadow: 0 0 0 2px var(--surface);
}
.launcher[aria-busy]::before {
  content: ""; position: absolute; inset: 5px; border-radius: 50%; border: 2px solid; border-block-start-color: transparent;
  animation: turn .8s linear infinite;
}
@keyframes turn { to { transform: rotate(1turn) } }
.toast {
  position: fixed; right: calc(88px + env(safe-area-inset-right)); bottom: calc(26px + env(safe-area-inset-bottom)); max-width: min(260px, 100vw - 112px);
  padding: 9px 14px; border-radius: 12px; background: var(--surface); font-size: 14px; box-shadow: 0 0 0 1px #0000000f, 0 4px 20px #0003;
}
.bottom_left .toast { right: auto; left: calc(88px + env(safe-area-inset-left)) }
`;
