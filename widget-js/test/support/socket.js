/** A WebSocket whose server side the test controls. */
export function fakeWebSocket(sockets) {
  return class {
    constructor(url, protocols) {
      Object.assign(this, {
        url,
        protocols,
        readyState: 0,
        sent: [],
        pages: [],
        protocol: "",
        closedBy: null,
      });
      sockets.push(this);
    }
    send(data) {
      if (this.readyState !== 1) throw new Error("InvalidStateError");
      const frame = JSON.parse(data);
      (frame.type === "page" ? this.pages : this.sent).push(frame);
    }
    close() {
      this.readyState = 3;
      this.closedBy = "client";
    }
    /** The handshake succeeds. */
    accept(protocol = "loquent.v2") {
      this.readyState = 1;
      this.protocol = protocol;
      this.onopen?.({});
      return this;
    }
    /** The server sends frames. */
    say(...frames) {
      for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
      return this;
    }
    /** The server closes the connection. */
    drop(code = 1006) {
      this.readyState = 3;
      this.onclose?.({ code });
    }
  };
}

export const session = (more = {}) => ({
  type: "session",
  session_token: "wst_one",
  contact_info_submitted: false,
  resumed: false,
  starters: [],
  notice: null,
  ...more,
});

let seq = 0;
export const line = (role, content, more = {}) => ({
  role,
  content,
  id: `id-${role}-${content}`,
  seq: ++seq,
  created_at: "2026-11-22T10:00:00.000000Z",
  status: "complete",
  sources: [],
  feedback: null,
  client_message_id: null,
  ...more,
});
