import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sightingOf } from '../src/kling/task-shape.ts';
import { isStorable, plainActor, storableText, storableName } from '../src/plain-text.ts';
import { previewPrompt } from '../src/tasks/mask.ts';

/** Texts of any UTF-16 units, with U+0000 and halves of pairs more often than by chance. */
const unit = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }),
  fc.constantFrom(0, 0x41, 0xd800, 0xdbff, 0xdc00, 0xdfff),
);
const text = fc.array(unit, { maxLength: 80 }).map((units) => String.fromCharCode(...units));

describe('text that any engine can keep', () => {
  it('has neither U+0000 nor halves of pairs, and is not changed if it had none, for any text', () => {
    fc.assert(
      fc.property(text, (given) => {
        const kept = storableText(given);
        expect(isStorable(kept)).toBe(true);
        expect(Buffer.from(kept, 'utf8').toString('utf8')).toBe(kept);
        expect(storableText(kept)).toBe(kept);
        if (isStorable(given)) expect(kept).toBe(given);
      }),
    );
  });

  it('joins no halves of two pairs', () => {
    expect(storableText('\ud83d\0\ude00')).toBe('');
    expect(storableText('a\0\ud83d\ude00\udc00b')).toBe('a\ud83d\ude00b');
  });

  it('keeps names apart that differ in any character', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        fc.pre(one !== other);
        expect(isStorable(storableName(one))).toBe(true);
        expect(storableName(one)).not.toBe(storableName(other));
      }),
    );
    expect(storableName('task')).not.toBe(storableName('task\0'));
  });

  it('is what is kept of a prompt, of an actor and of a task, for any text', () => {
    fc.assert(
      fc.property(text, fc.nat(90), (given, chars) => {
        expect(isStorable(previewPrompt(given, chars).preview)).toBe(true);
        expect(isStorable(plainActor(given) ?? '')).toBe(true);
        const item = { task_id: `t${given}`, task_status_msg: given, task_info: { external_task_id: given } };
        const seen = sightingOf(item, 'video');
        for (const kept of [seen?.taskId, seen?.statusMessage, seen?.externalTaskId])
          expect(isStorable(kept ?? '')).toBe(true);
      }),
    );
  });
});
