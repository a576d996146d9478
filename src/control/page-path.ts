/** The paths of the web page. */

/** Returns whether a path is one of the page's. */
export function isPagePath(path: string): boolean {
  return path === '/' || path.startsWith('/page/');
}
