/** Which methods an address has: what a router tells apart from "nothing there" only by trying. */

export interface KnownRoute {
  readonly method: string;
  /** As registered: `/v1/models/:id`. */
  readonly url: string;
}

/** Sorted, each once; empty where there is nothing at this address. */
export function allowedMethods(routes: readonly KnownRoute[], url: string): string[] {
  const path = url.split('?')[0]!.split('/');
  const found = routes.filter((route) => matches(route.url.split('/'), path));
  return [...new Set(found.map(({ method }) => method))].sort();
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  return (
    pattern.length === path.length &&
    pattern.every((part, i) => (part.startsWith(':') ? path[i] !== '' : part === path[i]))
  );
}
