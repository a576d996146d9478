/** The page's words in Chinese. */
import type { Words } from './en.ts';
import { CONFIG } from './zh/config.ts';
import { FRAME } from './zh/frame.ts';
import { NOW } from './zh/now.ts';
import { ORDERS } from './zh/orders.ts';
import { SLA } from './zh/sla.ts';
import { SPENDING } from './zh/spending.ts';
import { TASKS } from './zh/tasks.ts';
import { VALUES } from './zh/values.ts';
import { WATCH } from './zh/watch.ts';
import { WORK } from './zh/work.ts';

export const ZH: Words = {
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
