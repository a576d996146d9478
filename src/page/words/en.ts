/** The page's words in English; every other language has the same keys. */
import { CONFIG } from './en/config.ts';
import { FRAME } from './en/frame.ts';
import { NOW } from './en/now.ts';
import { ORDERS } from './en/orders.ts';
import { SLA } from './en/sla.ts';
import { SPENDING } from './en/spending.ts';
import { TASKS } from './en/tasks.ts';
import { VALUES } from './en/values.ts';
import { WATCH } from './en/watch.ts';
import { WORK } from './en/work.ts';

const EN_WORDS = {
  ...FRAME,
  ...NOW,
  ...WORK,
  ...TASKS,
  ...SPENDING,
  ...SLA,
  ...WATCH,
  ...ORDERS,
  ...CONFIG,
  ...VALUES,
};
export const EN: Words = EN_WORDS;

type Widened<T> = T extends string
  ? string
  : T extends (...given: infer G) => string
    ? (...given: G) => string
    : {
        [K in keyof T]: Widened<T[K]>;
      };

/** The page's words in one language. */
export type Words = Widened<typeof EN_WORDS>;
