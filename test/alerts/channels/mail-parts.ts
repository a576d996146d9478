/** Reads a mail apart, as far as tests of mails of our own need it: headers, and the parts of a multipart body. */

export interface MailParts {
  /** Lower-case names; folded lines are one, encoded words are decoded. */
  headers: Record<string, string>;
  /** Decoded texts by their content type. */
  parts: Record<string, string>;
}

export function mailParts(data: string): MailParts {
  const { headers, body } = split(data);
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1];
  if (boundary === undefined) throw new Error('the mail has no parts');
  const parts: Record<string, string> = {};
  for (const piece of body.split(`--${boundary}`).slice(1, -1)) {
    const part = split(piece.replace(/^\r\n/, ''));
    const type = (part.headers['content-type'] ?? '').split(';')[0] ?? '';
    parts[type] = decode(part.body.replace(/\r\n$/, ''), part.headers['content-transfer-encoding'] ?? '7bit');
  }
  return { headers, parts };
}

function split(text: string): { headers: Record<string, string>; body: string } {
  const end = text.indexOf('\r\n\r\n');
  const lines = text
    .slice(0, end)
    .replaceAll(/\r\n[ \t]/g, ' ')
    .split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), encodedWords(line.slice(colon + 1).trim())];
  });
  return { headers: Object.fromEntries(headers) as Record<string, string>, body: text.slice(end + 4) };
}

function decode(text: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(text, 'base64').toString('utf8');
  if (encoding === '7bit') return text;
  if (encoding !== 'quoted-printable') throw new Error(`unknown encoding ${encoding}`);
  return Buffer.from(quoted(text.replaceAll('=\r\n', '')), 'latin1').toString('utf8');
}

function quoted(text: string): string {
  return text.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** RFC 2047; the white space between two encoded words is none. */
function encodedWords(text: string): string {
  return text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, way: string, word: string) => {
      const bytes =
        way.toLowerCase() === 'b'
          ? Buffer.from(word, 'base64')
          : Buffer.from(quoted(word.replaceAll('_', ' ')), 'latin1');
      return bytes.toString('utf8');
    });
}
