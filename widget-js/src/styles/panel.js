export const panel = /* css */ `
.panel {
  margin-bottom: calc(var(--_size) + 14px); width: var(--loquent-width, 384px); max-width: calc(100vw - var(--_x) - 20px);
  height: min(var(--loquent-height, 620px), 100vh - var(--_y) - var(--_size) - 36px);
  display: flex; flex-direction: column; overflow: hidden; background: var(--_surface); border-radius: var(--loquent-radius, 18px);
  box-shadow: 0 0 0 1px #0000000f, 0 4px 12px #00000014, 0 20px 56px #0003; animation: rise .2s;
}
.panel:focus-visible { outline: none }
@keyframes rise { 0% { opacity: 0; transform: translateY(12px) scale(.98) } }
.head { display: flex; align-items: center; padding: 11px 12px; background: var(--_fill); color: var(--_on); position: relative; z-index: 1 }
.logo { display: grid; place-items: center; width: 36px; height: 36px; margin-inline: 4px 12px; border-radius: 50%; background: var(--_on); color: var(--_fill); font-weight: 600; text-transform: uppercase }
.logo:empty { display: none }
.names { flex: 1; min-width: 0; line-height: 1.3 }
.names p { font-size: 13px }
h2 { font-size: 16px; font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.tool { width: 36px; height: 36px; border-radius: 10px }
.tool:hover:enabled { background: #7f7f7f40 }
.tool:focus-visible { outline-color: var(--_on); outline-offset: -3px }
.cross { display: none }
.more svg { stroke-width: 3 }
.body { position: relative; flex: 1; min-height: 0; display: flex }
.bar, .panel > .error { display: flex; padding: 0 16px }
.stop, .pill { margin: 0 auto 6px; padding: 4px 14px; border: 1px solid var(--_line); border-radius: 16px; background: var(--_surface); color: var(--_text) }
.stop::before { content: ""; display: inline-block; border: 5px solid; border-radius: 2px; margin-inline-end: 8px }
@media (max-width: 480px), (max-height: 480px) {
  .root .panel {
    inset: var(--_top, 0) 0 auto; margin: 0; width: auto; max-width: none; height: var(--_height, 100dvh); border-radius: 0; overscroll-behavior: contain;
    padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left);
  }
  .cross { display: grid }
  .open .launcher { display: none }
}
@media (max-height: 320px) {
  .root .head { padding-block: 1px }
  .root .composer { padding: 2px 12px }
  .root textarea { max-height: 36px }
}
`;
