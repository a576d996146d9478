/** Reads pages as a browser asks for them, and live pages event by event. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { expect } from 'vitest';

export interface Page {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** The headers with which a browser opens an address that somebody typed. */
export const TYPED = {
  'sec-fetch-site': 'none',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
} as const;

/** Reads a page. */
export function read(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Page> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { agent: false, method, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => void pieces.push(piece));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(pieces).toString('utf8'),
        }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Opens a page as somebody who typed its address, and gives its document. */
export async function opened({ controlUrl }: { controlUrl: string }, path: string): Promise<string> {
  const { status, text } = await read(controlUrl + path, TYPED);
  expect([path, status]).toEqual([path, 200]);
  return text;
}

export interface LivePage {
  /** The text that came so far. */
  text(): string;
  /** The events that came so far. */
  events(): { id: string; html: string }[];
  isEnded(): boolean;
  close(): void;
}

/** Follows a live page; resolves once its answer has begun. */
export function followPage(url: string, headers: Record<string, string> = {}): Promise<LivePage> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { agent: false, headers }, (response) => {
      let text = '';
      let isEnded = false;
      const end = (): void => void (isEnded = true);
      response.on('data', (piece: Buffer) => void (text += piece.toString('utf8')));
      response.on('close', end);
      response.on('error', end);
      resolve({
        text: () => text,
        events: () =>
          [...text.matchAll(/event: section\ndata: (.*)\n\n/g)].map(
            ([, data = '']) => JSON.parse(data) as { id: string; html: string },
          ),
        isEnded: () => isEnded,
        close: () => sent.destroy(),
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Gives the text that a reader of a page sees, without its markup and its script. */
export function textOf(html: string): string {
  const shown = html
    .replace(/<script>.*?<\/script>/gs, '')
    .replace(/<wbr\/?>/g, '')
    .replace(/<[^>]*>/g, ' ');
  return unescaped(shown).replace(/\s+/g, ' ');
}

/** Gives a text as it was before it became a part of a page. */
export function unescaped(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
