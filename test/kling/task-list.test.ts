import { describe, expect, it } from 'vitest';
import { openTasksBody, readTaskPage } from '../../src/kling/task-list.ts';

const envelope = (data: unknown, code: number | null = 0) => ({ code, message: null, requestId: null, data });
const task = {
  id: '893605946402811985',
  status: 'processing',
  create_time: 1_700_000_000_000,
  external_id: '',
};

describe('a page of the list of all tasks', () => {
  it('is asked for by status and product, then by its cursor alone', () => {
    expect(JSON.parse(openTasksBody({ product: 'video' }))).toEqual({
      filters: [
        { key: 'status', values: ['submitted', 'processing'] },
        { key: 'product_type', values: ['video', 'try_on'] },
      ],
      limit: 500,
    });
    expect(JSON.parse(openTasksBody({ cursor: 'c' }))).toEqual({ cursor: 'c' });
  });

  it('has tasks with ids and times, and the cursor of the next one', () => {
    const read = readTaskPage('video', envelope({ result: [task], next_cursor: 'c', has_more: true }));
    expect(read).toMatchObject({
      ok: {
        cursor: 'c',
        tasks: [{ taskId: task.id, externalTaskId: null, createdAt: task.create_time }],
      },
    });
    const last = readTaskPage('video', envelope({ result: [], next_cursor: '', has_more: false }));
    expect(last).toEqual({ ok: { tasks: [], cursor: null } });
  });

  it('is a problem where it is not understood, never an empty list', () => {
    for (const answer of [
      null,
      envelope(null),
      envelope({ result: null }),
      envelope({ result: [task] }, 1103),
      envelope({ result: [task, {}] }),
      envelope({ result: [task], has_more: true }),
    ])
      expect(readTaskPage('video', answer)).toHaveProperty('problem');
  });
});
