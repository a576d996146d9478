/** The rules about tasks, doubts, queues and apps that ask too often. */
import type { Rule } from '../rule.ts';
import { callbacksRefused, callbacksUndelivered } from './callbacks-trouble.ts';
import { holdsInDoubt } from './holds-in-doubt.ts';
import { pollLoop } from './poll-loop.ts';
import { queueFull } from './queue-full.ts';
import { queueSaturated } from './queue-saturated.ts';
import { taskContradicted } from './task-contradicted.ts';
import { resultsExpiring, resultsFull } from './results-kept.ts';
import { tasksLost } from './tasks-lost.ts';
import { tasksStuck } from './tasks-stuck.ts';

export const taskRules: readonly Rule[] = [
  tasksStuck,
  tasksLost,
  taskContradicted,
  resultsExpiring,
  resultsFull,
  callbacksRefused,
  callbacksUndelivered,
  holdsInDoubt,
  queueSaturated,
  queueFull,
  pollLoop,
];
