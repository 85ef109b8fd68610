// Fetches what was said before the messages that are shown, a page at a time, as the customer scrolls up.
export class History {
  constructor(api, session, transcript, panel, log) {
    Object.assign(this, { api, session, transcript, panel, log });
  }

  // Everything above this number is shown, or on its way.
  begins(after) {
    this.transcript.begin = after;
    this.panel.showEarlier(after > 0);
  }

  async load() {
    const session = this.session.current;
    const { begin } = this.transcript;
    if (!session || !begin || this.loading) return;
    this.loading = true;
    try {
      const { messages, older } = await this.api.earlier(session, begin + 1);
      if (session.conversation_id !== this.session.current?.conversation_id || begin !== this.transcript.begin) return;
      this.log.busy();
      this.panel.inPlace(() => {
        for (const message of messages) this.transcript.add(message);
        this.begins(older ? messages[0].seq - 1 : 0);
        this.log.draw(this.transcript.list());
      });
      setTimeout(() => this.log.ready(), 500);
    } catch {
      // The button stays, to be pressed again.
    } finally {
      this.loading = false;
    }
  }
}
