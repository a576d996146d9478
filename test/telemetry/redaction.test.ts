import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { createRedaction, doubleEscape } from '../../src/telemetry/redaction.ts';

const secretText = fc
  .string({ minLength: 8, maxLength: 64, unit: 'grapheme' })
  .filter((text) => text.isWellFormed());

describe('the redaction of log lines', () => {
  test('a registered secret appears in no line in any form', () => {
    fc.assert(
      fc.property(secretText, fc.string({ maxLength: 5 }), (value, lead) => {
        const redaction = createRedaction();
        redaction.hide(new Secret(value));
        const forms = [
          value,
          Buffer.from(value, 'utf8').toString('base64'),
          Buffer.from(value, 'utf8').toString('base64url'),
          encodeURIComponent(value),
        ];
        for (const form of forms) {
          const line = `${JSON.stringify({ msg: `x ${form} y` })}\n`;
          const cleaned = redaction.clean(line);
          expect(cleaned).toContain('[redacted]');
          const parsed = JSON.parse(cleaned) as { msg: string };
          expect(parsed.msg.replaceAll('[redacted]', '')).not.toContain(form);
        }
        const basic = Buffer.from(`${lead}:${value}`, 'utf8').toString('base64');
        const core = redaction.clean(basic);
        expect(Buffer.from(core.replaceAll('[redacted]', ''), 'base64').toString('utf8')).not.toContain(
          value,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('text with the form of a JWT is replaced, although it was not registered', () => {
    const { clean } = createRedaction();
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhayJ9.c2lnbmF0dXJl';
    expect(clean(`Bearer ${jwt} refused`)).toBe('Bearer [redacted] refused');
    expect(clean('eyJhbGciOiJIUzI1NiJ9 alone is no token')).toContain('eyJhbGci');
  });

  test('a longer secret that contains a shorter one is replaced whole', () => {
    const redaction = createRedaction();
    redaction.hide(new Secret('inner-key'));
    redaction.hide(new Secret('outer-inner-key-outer'));
    expect(redaction.clean('[outer-inner-key-outer]')).toBe('[[redacted]]');
  });

  test('directional marks, zero-width characters and C1 controls leave as escapes of valid JSON', () => {
    const { clean } = createRedaction();
    const line = JSON.stringify({ msg: 'a\u202eb\u2066c\u200bd\u0085e\u007ff\u2028g\ufeffh' });
    const cleaned = clean(line);
    expect(cleaned).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(cleaned)).toEqual(JSON.parse(line));
  });

  test('a doubly escaped line prints no control character once parsed, and loses nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { clean } = createRedaction();
        const line = doubleEscape(clean(JSON.stringify({ text })));
        const shown = (JSON.parse(line) as { text: string }).text;
        // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        const visible = text.replace(/[^\x20-\x7e]/g, '');
        expect(shown.length).toBeGreaterThanOrEqual(visible.length);
      }),
    );
  });
});
