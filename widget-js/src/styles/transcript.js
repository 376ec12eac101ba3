export const transcript = /* css */ `
.scroller { flex: 1; min-width: 0; overflow: hidden auto; overscroll-behavior: contain; padding: 20px 16px 8px }
.scroller:focus-visible, pre:focus-visible, .table:focus-visible { outline-offset: -2px }
.line { display: flex; flex-direction: column; align-items: flex-start; margin-block-end: 12px; position: relative }
.user { align-items: flex-end }
.bubble, .dots { max-width: 88%; padding: 9px 14px; border-radius: 16px; border-end-start-radius: 5px; background: var(--_bubble); overflow-wrap: anywhere }
.user .bubble { background: var(--_fill); color: var(--_on); border-radius: 16px; border-end-end-radius: 5px; white-space: pre-wrap }
.failed .bubble { background: none; color: inherit; border: 1px solid var(--_bad) }
.note .bubble { background: none; color: var(--_dim); padding: 0 }
.foot { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 0 12px; max-width: 88% }
.foot button { color: var(--_link); min-height: 24px; font-size: 13px; text-decoration: underline }
.status { padding: 2px 4px }
.failed .status { color: var(--_bad) }
.starters { display: flex; flex-direction: column; align-items: flex-end; gap: 8px; margin-block: 4px 16px }
.starters .chip { text-align: start; max-width: 88% }
.queued .bubble { background: var(--_bubble); color: var(--_text) }
.pill::before { content: "↓ " / "" }
.pill { position: absolute; bottom: 4px; inset-inline: 0; width: max-content; box-shadow: 0 4px 14px #0003 }
.dots { display: flex; gap: 5px; padding: 15px 16px }
i { width: 7px; height: 7px; border-radius: 50%; background: var(--_dim); animation: pulse 1.2s infinite }
i:nth-child(2) { animation-delay: .15s }
i:nth-child(3) { animation-delay: .3s }
@keyframes pulse { 0%, 60%, to { opacity: .35 } 30% { opacity: 1; transform: translateY(-3px) } }
`;
