/** Every state that a create can have in a store of a version before `creates`, each as a short story. */
import type { Draft } from './old-create.ts';

type Story = (draft: Draft) => Draft;

const own = (draft: Draft): number => draft.rows.hold.credits;

export const STORIES: Readonly<Record<string, Story>> = {
  'in flight': (d) => d,
  'in flight, guarded by a key': (d) => d.guard('key'),
  'held, its task is open': (d) => d.call('ok').task('create', 'submitted').guard('both').answer(200),
  'held, its task is processing': (d) =>
    d.call('ok').task('create', 'submitted').advance('poll', 'processing', d.text()),
  'held, its task was found processing': (d) =>
    d.call('no_answer').task('look_up', 'processing').guard('key'),
  'in doubt, with an external id': (d) => d.guard('task_id').call('no_answer').doubt(),
  'in doubt, without an external id': (d) => d.set({ external_task_id: null }).call('aborted').doubt(),
  'in doubt since a start, never sent': (d) => d.doubt('the sidecar ended before the answer'),
  'settled as reported': (d) =>
    d
      .call('ok')
      .task('create', 'submitted')
      .advance('poll', 'processing')
      .advance('poll', 'succeeded')
      .results()
      .end('settled', 9_500, 'reported', '9.5')
      .guard('key')
      .answer(200),
  'settled by estimate': (d) =>
    d
      .call('ok')
      .task('create', 'submitted')
      .advance('app_read', 'succeeded')
      .end('settled', own(d), 'estimate'),
  'settled at 0': (d) =>
    d.call('ok').task('create', 'submitted').advance('poll', 'succeeded').end('settled', 0, 'reported', '0'),
  'settled above its price': (d) =>
    d
      .call('ok')
      .task('create', 'processing')
      .advance('poll', 'succeeded')
      .end('settled', own(d) + 5, 'reported', '“5”'),
  'settled, then adjusted': (d) =>
    d
      .call('ok')
      .task('create', 'submitted')
      .advance('poll', 'succeeded')
      .end('settled', own(d), 'estimate')
      .adjust(7_000),
  'settled, then adjusted up and down': (d) =>
    d
      .call('ok')
      .task('create', 'submitted')
      .advance('poll', 'succeeded', d.text())
      .results()
      .end('settled', 100, 'reported')
      .adjust(900)
      .adjust(0)
      .adjust(40_000)
      .guard('both')
      .answer(200, true),
  'settled at once, without a task': (d) =>
    d.call('ok').end('settled', own(d), 'reported', d.text()).guard('key').answer(200),
  'settled by a failed task that cost': (d) =>
    d
      .call('ok')
      .task('create', 'submitted')
      .advance('poll', 'failed', d.text())
      .end('settled', 300, 'reported', '0.3'),
  'settled after a look-up': (d) =>
    d
      .guard('task_id')
      .call('no_answer')
      .doubt()
      .task('look_up', 'succeeded')
      .results()
      .end('settled', own(d), 'estimate')
      .answer(null),
  'released: Kling refused it': (d) =>
    d
      .guard('key')
      .call('client_error', { status: 400, code: 1201 })
      .end('released', 0, 'none', 'code 1201')
      .answer(400),
  'released: refused for the account': (d) =>
    d
      .call('client_error', { status: 429, code: 1102 })
      .end('released', 0, 'none', 'code 1102')
      .set({ guarded: 1 }),
  'released: throttled three times': (d) =>
    d
      .call('throttled', { status: 429, code: 1303 })
      .call('throttled', { status: 429, code: 1302 })
      .call('throttled', { status: 429, code: 1303 })
      .end('released', 0, 'none', 'code 1303'),
  'released: never connected': (d) =>
    d.call('unreachable').call('unreachable').end('released', 0, 'none', 'not sent'),
  'released: its task failed': (d) =>
    d
      .call('ok')
      .task('create', 'submitted')
      .advance('poll', 'failed', d.text())
      .end('released', 0, 'none', 'failed')
      .guard('key')
      .answer(200, true),
  'released by a look-up': (d) =>
    d.call('no_answer').doubt().end('released', 0, 'none', 'Kling does not know it'),
  'released by an operator': (d) =>
    d.call('server_error', { status: 502, code: null }).doubt().operator('release'),
  'released by an operator, then adjusted': (d) =>
    d.call('no_answer').doubt().operator('release').task('look_up', 'succeeded').adjust(own(d)),
  'written off': (d) => d.guard('both').call('no_answer').doubt().operator('write-off').answer(null),
  'written off, then adjusted': (d) =>
    d.call('no_answer').doubt().operator('write-off').task('look_up', 'failed', d.text()).adjust(0, 'none'),
  'settled after a second attempt': (d) =>
    d
      .call('server_error', { status: 500, code: 5000 })
      .call('ok')
      .task('create', 'submitted')
      .advance('poll', 'succeeded')
      .end('settled', own(d), 'estimate'),
  'its last attempt went to another host': (d) =>
    d.call('ok').call('ok', { host: 'api.third.example:443' }).task('create', 'submitted'),
  'its last attempt was of another app': (d) =>
    d.call('ok', { app: 'renamed' }).end('settled', own(d), 'estimate'),
  'its last attempt has another tag': (d) =>
    d.call('ok', { tag: 'other' }).end('settled', own(d), 'estimate'),
  'its last attempt has another request id': (d) =>
    d.call('ok', { request_id: 'other' }).end('settled', own(d), 'estimate'),
  'its last attempt has another route': (d) =>
    d.call('ok', { route: '/v1/other', method: 'PUT' }).end('settled', own(d), 'estimate'),
  'the sidecar asked for it last': (d) =>
    d.call('no_answer').call('ok', { method: 'GET', origin: 'sidecar' }).doubt(),
  'its attempt names no task': (d) => d.task('create', 'submitted').call('ok'),
  'its attempt names another task': (d) =>
    d.call('ok').task('look_up', 'submitted').call('ok', { task_id: 'elsewhere' }),
  'two attempts of one number': (d) =>
    d.call('throttled', { status: 429, code: 1303 }).call('ok', { attempt: 1 }).task('create', 'submitted'),
  'its first state came with a message': (d) =>
    d
      .call('ok')
      .task('create', 'submitted', d.text())
      .advance('poll', 'processing')
      .advance('app_read', 'succeeded', d.text())
      .end('settled', own(d), 'estimate'),
  'its first state came from a poll': (d) =>
    d.call('ok').task('poll', 'processing').guard('task_id').answer(200),
  'its guard is gone': (d) =>
    d.call('ok').task('create', 'succeeded').results().end('settled', own(d), 'estimate').set({ guarded: 1 }),
};
