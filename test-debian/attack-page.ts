/** The web pages of an attacker: every way in which a page can make a browser speak to a server on loopback. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Each is tried on its own; its name is in the path or the body, so that what arrives can be told apart. */
export const VECTORS = [
  'fetch-text',
  'fetch-form',
  'fetch-json',
  'fetch-get',
  'xhr-text',
  'form-text',
  'form-urlencoded',
  'beacon-text',
  'beacon-json',
  'image',
  'script',
  'iframe',
  'event-source',
  'web-socket',
] as const;
export type Vector = (typeof VECTORS)[number];

/**
 * Makes the page that tries every vector on every target and then posts `{ [target]: { [vector]: outcome } }` to
 * `/done` of its own origin. A vector that shows no end is given up after three seconds.
 */
export function attackPage(targets: Readonly<Record<string, string>>): string {
  return page('attack-page.html').replace('{{TARGETS}}', JSON.stringify(targets));
}

/**
 * Makes the page of a DNS rebinding: once its own address has become ours, everything is of one origin to the
 * browser. It tells `coordinator` when it is loaded, waits there for the word to go, and posts the statuses it read.
 */
export function rebindingPage(coordinator: string): string {
  return page('rebinding-page.html').replaceAll('{{COORDINATOR}}', coordinator);
}

function page(name: string): string {
  return readFileSync(join(import.meta.dirname, name), 'utf8');
}
