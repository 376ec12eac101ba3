export const launcher = /* css */ `
* { box-sizing: border-box; margin: 0; padding: 0 }
.root { --_size: var(--loquent-launcher-size, 56px); font: 15px/1.5 var(--loquent-font-family, system-ui, sans-serif) }
button { font: inherit; color: inherit; border: 0; background: none; cursor: pointer; touch-action: manipulation }
svg { display: block; width: 20px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round }
.launcher, .panel, .toast { position: fixed; right: calc(var(--_x) + env(safe-area-inset-right)); bottom: calc(var(--_y) + env(safe-area-inset-bottom)) }
.bottom_left :is(.launcher, .panel, .toast) { right: auto; left: calc(var(--_x) + env(safe-area-inset-left)) }
.launcher {
  display: grid; place-items: center; width: var(--_size); height: var(--_size); border-radius: var(--loquent-launcher-radius, calc(var(--_size) / 2));
  background: var(--_brand); color: var(--_icon); box-shadow: var(--loquent-launcher-shadow, 0 1px 3px #0003, 0 8px 24px #0003); transition: transform .2s;
}
.launcher:hover { transform: scale(1.06) }
.launcher svg { grid-area: 1/1; width: calc(var(--_size) * .46) }
.wide { width: auto; max-width: calc(100vw - var(--_x) - 20px); min-width: var(--_size); padding: 0 18px; gap: 10px; font-weight: 600 }
.caption { grid-area: 1/2; max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
@media (prefers-reduced-motion: reduce) {
  * { animation: none !important; transition: none !important }
}
@media (forced-colors: active) {
  .launcher { border: 1px solid }
}
@media print { .root { display: none } }
`;
