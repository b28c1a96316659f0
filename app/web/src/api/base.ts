/** Where the server is reached: at a name of its own, or under a path of one that it shares with others. */

/** The path of the page, without a slash at its end: empty at a name of its own. It has one page, at its root. */
const ROOT = typeof document === "undefined" ? "" : rootOf(document.baseURI);

/** Of a page at `/minqing/?face=plan` it is `/minqing`, of one at `/` nothing. */
export function rootOf(address: string): string {
  return new URL(".", address).pathname.replace(/\/$/, "");
}

/** The address of one of the server's paths (`/api/v1/city`), as the browser must ask for it. */
export function at(path: string, root: string = ROOT): string {
  return root + path;
}
