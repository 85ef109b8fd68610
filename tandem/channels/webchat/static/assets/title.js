// The number of unread messages in the title of the page, whatever the page does to its title.
export class Title {
  show(unread) {
    if (document.title !== (this.shown ?? "") || !this.pages) this.pages = document.title;
    const title = (unread ? `(${unread}) ` : "") + this.pages;
    if (document.title !== title) document.title = title;
    this.shown = title;
  }
}
