// Where the desk stands: at the root of its host, or under a path such as "/desk" (docs/proxies.md). Scripts name
// addresses as if it were the root; what they fetch goes through `at`. This works in workers too.

const base = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** An address of the desk, moved under the path at which it stands. */
export const at = (address) => base + address;
