// Where the chat fills the screen, the Back button closes it rather than leaving the shop.
export class BackButton {
  constructor(onBack) {
    this.armed = false;
    // First of all listeners: the page's own router must not take the chat's step for one of its own.
    addEventListener("popstate", (event) => {
      if (!this.armed && !this.closing) return;
      event.stopImmediatePropagation();
      const pressed = this.armed;
      this.armed = this.closing = false;
      if (pressed) onBack();
    }, { capture: true });
  }

  arm() {
    if (this.armed) return;
    const isThere = Boolean(history.state?.tandemChat); // after a reload
    // Browsers skip entries that a page makes before anybody has touched it.
    if (!isThere && navigator.userActivation?.hasBeenActive === false) return;
    if (!isThere) history.pushState({ tandemChat: true }, "");
    this.armed = true;
  }

  disarm() {
    if (!this.armed) return;
    this.armed = false;
    if (!history.state?.tandemChat) return; // the page has gone on meanwhile
    this.closing = true;
    history.back();
  }
}
