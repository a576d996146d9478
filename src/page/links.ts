/** Addresses of pages: every one keeps the language and the zone that were chosen, so that it can be shared. */

/** Names of the values that every address of a session keeps. */
const KEPT = ['lang', 'zone'] as const;

export class Links {
  readonly #query: URLSearchParams;

  /** @param query of the present page. */
  constructor(query: URLSearchParams) {
    this.#query = query;
  }

  /** Gives the address of a page, with the language and zone of this one; null and empty values are left out. */
  to(path: string, values: Readonly<Record<string, string | null | undefined>> = {}): string {
    const next = new URLSearchParams();
    for (const [name, value] of Object.entries(values)) if (value) next.set(name, value);
    for (const name of KEPT) {
      const value = this.#query.get(name);
      if (value !== null && !next.has(name)) next.set(name, value);
    }
    const text = next.toString();
    return text === '' ? path : `${path}?${text}`;
  }

  /** Gives this page's address with some values changed; null takes one out. */
  same(path: string, changes: Readonly<Record<string, string | null>>): string {
    const values = { ...Object.fromEntries(this.#query), ...changes };
    return this.to(path, values);
  }

  /** Gives the values that a form of filters must send along. */
  get kept(): readonly (readonly [name: string, value: string])[] {
    return KEPT.flatMap((name) => {
      const value = this.#query.get(name);
      return value === null ? [] : [[name, value] as const];
    });
  }
}
