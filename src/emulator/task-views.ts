/**
 * The views of a task in each generation (kling-api.md, section 5).
 *
 * **Invariant**: both views are made from one task and its present state; results and costs appear only
 * after its end.
 */
import type { Ms } from '../units.ts';
import { cashText, unitsText } from './book.ts';
import type { Deduction } from './ledger-rows.ts';
import type { MediaLibrary } from './media-library.ts';
import { decimalText, type Json, type JsonObject } from './replies.ts';
import type { EmulatedTask, Output, ShownState } from './tasks.ts';

/** The answer of a legacy create. */
export function legacyCreated(task: EmulatedTask): JsonObject {
  return {
    task_id: task.id,
    task_status: 'submitted',
    task_info: externalInfo(task),
    created_at: task.createdWallMs,
    updated_at: task.createdWallMs,
  };
}

/** The answer of a create of the new generation. */
export function newCreated(task: EmulatedTask): JsonObject {
  return {
    id: task.id,
    status: 'submitted',
    create_time: task.createdWallMs,
    update_time: task.createdWallMs,
    external_id: task.plan.externalId ?? '',
  };
}

function externalInfo({ plan }: EmulatedTask): JsonObject {
  const parent = plan.parentVideo;
  return {
    ...(plan.externalId === null ? {} : { external_task_id: plan.externalId }),
    ...(parent === null
      ? {}
      : { parent_video: { id: parent.id, url: parent.url, duration: secondsText(parent.durationMs) } }),
  };
}

/** A task in the answer of a legacy query. */
export function legacyView(task: EmulatedTask, state: ShownState, library: MediaLibrary): JsonObject {
  const { stage, updatedAt } = state;
  const hasEnded = stage === 'succeeded' || stage === 'failed';
  return {
    task_id: task.id,
    task_status: stage === 'succeeded' ? 'succeed' : stage,
    task_status_msg: stage === 'failed' ? task.failMessage : '',
    task_info: externalInfo(task),
    task_result: stage === 'succeeded' && state.hasResults ? legacyResult(task, library) : {},
    watermark_info: { enabled: task.plan.watermark },
    ...(hasEnded && state.hasCosts ? legacyCosts(task.deductions) : {}),
    created_at: task.createdWallMs,
    updated_at: updatedAt,
  };
}

/**
 * The body of a callback, in the form of the task's generation (kling-api.md, section 7). The documents name images and videos
 * as results of the legacy form, no others.
 */
export function callbackBody(task: EmulatedTask, state: ShownState, library: MediaLibrary): JsonObject {
  const { plan, path } = task;
  if (!path.startsWith('/v1/')) return newView(task, state, library);
  const { watermark_info: _mark, ...body } = legacyView(task, state, library);
  const isNamed = plan.output === 'video' || plan.output === 'image';
  return isNamed ? body : { ...body, task_result: {} };
}

/** The deduction fields of a legacy answer, as decimal text; `"0"` if not used. */
export function legacyCosts(deductions: readonly Deduction[]): JsonObject {
  const quota = cashText(deductions.reduce((sum, row) => sum + (row.cash === null ? 0 : row.amount), 0));
  return {
    final_unit_deduction: unitsText(deductions),
    final_balance_deduction: { quota, list_price: quota },
  };
}

function marked({ watermarkUrl }: Output): JsonObject {
  return watermarkUrl === null ? {} : { watermark_url: watermarkUrl };
}

function legacyResult(task: EmulatedTask, library: MediaLibrary): JsonObject {
  const { plan, outputs } = task;
  const duration = secondsText(plan.durationMs ?? 0);
  const images = (): Json => outputs.map((one, index) => ({ index, url: one.urls[0] ?? '', ...marked(one) }));
  switch (plan.output) {
    case 'video':
      return {
        videos: outputs.map((one) => ({ id: one.id, url: one.urls[0] ?? '', duration, ...marked(one) })),
      };
    case 'image':
      return { images: images() };
    case 'series':
      return { result_type: 'series', series_images: images() };
    case 'multi-shot':
      return {
        images: outputs.map(({ urls: [one = '', two = '', three = ''] }, index) => ({
          index,
          url_1: one,
          url_2: two,
          url_3: three,
        })),
      };
    case 'audio':
      return { audios: outputs.map((one) => legacyAudio(one.id, one.urls, duration)) };
    case 'video-audio':
      return {
        videos: outputs.map((one) => ({ id: one.id, url: one.urls[0] ?? '', duration })),
        audios: outputs.map((one) => legacyAudio(one.id, one.urls.slice(1), duration)),
      };
    case 'voice':
      return {
        voices: outputs.map((one) => ({
          voice_id: one.id,
          voice_name: plan.title,
          trial_url: one.urls[0] ?? '',
          owned_by: 'emulator',
          status: library.isRemoved(one.id) ? 'deleted' : 'succeed',
        })),
      };
    case 'element':
      return {
        elements: outputs.map((one) => ({
          element_id: one.id,
          element_name: plan.title,
          element_description: plan.description,
          owned_by: 'emulator',
          status: library.isRemoved(one.id) ? 'deleted' : 'succeed',
        })),
      };
  }
}

function legacyAudio(id: string, urls: readonly string[], duration: string): JsonObject {
  return {
    id,
    url_mp3: urls[0] ?? '',
    url_wav: urls[1] ?? '',
    duration_mp3: duration,
    duration_wav: duration,
  };
}

/** A task in the answer of `/tasks`, of both generations. */
export function newView(task: EmulatedTask, state: ShownState, library: MediaLibrary): JsonObject {
  const { stage, updatedAt } = state;
  return {
    id: task.id,
    status: stage,
    message: stage === 'failed' ? task.failMessage : '',
    create_time: task.createdWallMs,
    update_time: updatedAt,
    external_id: task.plan.externalId ?? '',
    outputs:
      stage === 'succeeded' && state.hasResults
        ? task.outputs.flatMap((one) => newOutputs(task, one, library))
        : [],
    billing: stage === 'succeeded' && state.hasCosts ? billingOf(task) : [],
  };
}

function newOutputs(
  { id: groupId, plan }: EmulatedTask,
  output: Output,
  library: MediaLibrary,
): JsonObject[] {
  const { id } = output;
  const [first = '', second = '', third = ''] = output.urls;
  const duration = secondsText(plan.durationMs ?? 0);
  const audio = (mp3: string, wav: string): JsonObject => ({
    type: 'audio',
    id,
    mp3_url: mp3,
    wav_url: wav,
    mp3_duration: duration,
    wav_duration: duration,
  });
  const video = { type: 'video', id, url: first, duration, ...marked(output) };
  const status = library.isRemoved(id) ? 'deleted' : 'succeeded';
  switch (plan.output) {
    case 'video':
      return [video];
    case 'image':
      return [{ type: 'image', url: first, ...marked(output) }];
    case 'series':
      return [{ type: 'image', url: first, group_id: groupId, ...marked(output) }];
    case 'multi-shot':
      return output.urls.map((url) => ({ type: 'image', url, group_id: groupId }));
    case 'audio':
      return [audio(first, second)];
    case 'video-audio':
      return [video, audio(second, third)];
    case 'voice':
      return [{ type: 'voice', id, name: plan.title, url: first, owned_by: 'emulator', status }];
    case 'element':
      return [
        {
          type: 'element',
          id,
          name: plan.title,
          description: plan.description,
          owned_by: 'emulator',
          status,
        },
      ];
  }
}

/** A row for each pack or purse that paid; a free task has one row of 0 units. */
function billingOf({ deductions, plan }: EmulatedTask): JsonObject[] {
  if (deductions.length === 0) return [{ charge_type: 'unit', amount: '0', package_type: plan.product }];
  return deductions.map(({ cash, amount }) =>
    cash === null
      ? { charge_type: 'unit', amount: decimalText(amount), package_type: plan.product }
      : {
          charge_type: 'cash',
          amount: cashText(amount),
          list_price: cashText(amount),
          cash_type: cash.cashType ?? 'balance',
          currency: cash.currency,
        },
  );
}

/** Writes a length in Kling's format: seconds, as text with decimals. */
export function secondsText(ms: Ms): string {
  return decimalText(ms);
}
