import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { previewPrompt } from '../../src/tasks/mask.ts';

const preview = (text: string, chars = 100) => previewPrompt(text, chars).preview;

describe('the preview of a prompt', () => {
  it('is its beginning, with a hash of all of it', () => {
    expect(previewPrompt('a cat on a roof', 5)).toEqual({
      hash: expect.stringMatching(/^[0-9a-f]{32}$/),
      preview: 'a cat',
    });
    expect(previewPrompt('abc', 10).hash).toBe('ba7816bf8f01cfea414140de5dae2223');
    expect(preview('a cat', 0)).toBe('');
  });

  it('keeps numbers that people write in prompts', () => {
    const prompt = 'A 5 second shot, 1920x1080, 24 fps, in 2026, take 3 of 12, f/1.8, 35mm';
    expect(preview(prompt)).toBe(prompt);
  });

  it.each([
    ['write to ann.lee+video@mail.example.com now', 'write to [e-mail] now'],
    ['邮箱 张三@例子.公司 谢谢', '邮箱 [e-mail] 谢谢'],
    ['ann＠example.com', '[e-mail]'],
    ['call +1 (415) 555-2671 or 0171/1234567', 'call [phone] or [phone]'],
    ['电话13800138000。', '电话[phone]。'],
    ['card 4111 1111 1111 1111', 'card [phone]'],
    ['id 123456 and 12345', 'id [digits] and 12345'],
    ['id １２３４５６', 'id [digits]'],
  ])('masks %s', (text, masked) => {
    expect(preview(text)).toBe(masked);
  });

  it('never ends in half a character', () => {
    expect(preview('ab😀', 3)).toBe('ab');
    expect(preview('ab😀', 4)).toBe('ab😀');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, chars) => {
        const shown = preview(text.toWellFormed(), chars);
        expect(shown.isWellFormed()).toBe(true);
        expect(shown.length).toBeLessThanOrEqual(chars);
      }),
    );
  });

  it('never shows six digits in a row, however long the prompt', () => {
    const digits = fc.stringMatching(/^\d{6,30}$/);
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), digits), { maxLength: 30 }), fc.nat(300), (parts, chars) => {
        expect(preview(parts.join(' '), chars)).not.toMatch(/\d{6}/);
      }),
    );
    expect(preview(`${'x'.repeat(8188)}1234567890`, 10_000)).not.toMatch(/\d/);
    expect(preview(`${'x '.repeat(4094)}ann@example.com`, 10_000)).not.toMatch(/ann/);
  });

  it('reads a hostile prompt without delay', () => {
    for (const unit of ['a.', '1-', '1 ', '@', '(1', 'a@', '1/'])
      expect(preview(unit.repeat(500_000), 100).length).toBeLessThanOrEqual(100);
  });
});
