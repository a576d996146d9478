/**
 * Every route of Kling's API that the sidecar knows, of both generations, and the search for a request's route.
 *
 * The method does not show whether a request costs money: `POST /tasks` reads, and deletes are POSTs. So each route has
 * its kind. A POST that is not here counts as a create of unknown price ({@link UNKNOWN_CREATE}).
 *
 * **Invariant**: matching is exact and case-sensitive on the received path; a template is bounded text, usable as a
 * label. Sources: Kling's API pages, read 2026-09-20 (kling.ai/document-api; legacy video pages app.klingai.com).
 */
import type { Product } from '../units.ts';
import type { OperationWord } from '../words.ts';
import type { PriceOverride } from './kling-config.ts';
import { LISTED_MODELS, NEW_MODELS, OTHER_MODEL, type ModelNames } from './models.ts';

export type Generation = 'legacy' | 'new' | 'account';

export interface KlingRoute {
  /** `/v1/videos/text2video/{id}`. */
  readonly template: string;
  readonly method: 'GET' | 'POST';
  /** `sync_create` bills and answers with its result; `write` changes something free of charge. */
  readonly kind: 'create' | 'sync_create' | 'read' | 'write';
  readonly operation: OperationWord;
  readonly product: Product;
  readonly generation: Generation;
  /** Whether the body may carry an `external_task_id`. */
  readonly knowsExternalId: boolean;
  /** The model that the path names, under its booked name: in the legacy spelling, `other` for an unknown one. */
  readonly urlModel: string | null;
  /** The path of a single query, `/{id}`; null if only `GET /tasks` shows the task. */
  readonly queryPath: string | null;
  /** Whether `GET /tasks` shows the tasks made here. */
  readonly batchReadable: boolean;
}

export type RouteMatch =
  | { kind: 'match'; route: KlingRoute; params: Readonly<Record<string, string>> }
  | { kind: 'method'; allowed: string[] }
  | { kind: 'unknown' };

export interface RouteTable {
  readonly routes: readonly KlingRoute[];
  /** Finds a request's route by its method and its path without query. */
  find(method: string, path: string): RouteMatch;
  /** Gives Kling's spelling of a path with other case or slashes; null if no method has it. */
  spelling(method: string, path: string): string | null;
  /** Gives a route by the template and method that the store keeps. */
  byTemplate(template: string, method?: string): KlingRoute | null;
}

/** A create on a path that is not in the table: billable, of unknown price, and never edited. */
export const UNKNOWN_CREATE: KlingRoute = {
  template: 'unknown',
  method: 'POST',
  kind: 'create',
  operation: 'unknown',
  product: 'video',
  generation: 'legacy',
  knowsExternalId: false,
  urlModel: null,
  queryPath: null,
  batchReadable: true,
};

const V4 = ['kling-4.0', 'kling-4.0-flash'];
const V4_IMAGES = ['kling-image-4.0', 'kling-long-image-4.0'];
/**
 * The first segments of the new generation, each with the models that Kling sells there. Those of Kling 4.0 follow
 * the pattern of the others; they are not confirmed (kling-api.md, section 15).
 */
const FAMILIES: Readonly<Record<string, { operation: OperationWord; segments: readonly string[] }>> = {
  'text-to-video': {
    operation: 'text-to-video',
    segments: ['kling-3.0-turbo', 'kling-3.0', 'kling-2.6', 'kling-2.5-turbo', ...V4],
  },
  'image-to-video': {
    operation: 'image-to-video',
    segments: ['kling-3.0-turbo', 'kling-3.0', 'kling-2.6', 'kling-2.5-turbo', ...V4],
  },
  'omni-video': { operation: 'omni-video', segments: ['kling-3.0-omni', 'kling-o1', ...V4] },
  'motion-control': { operation: 'motion-control', segments: ['kling-3.0', 'kling-2.6'] },
  'text-to-image': { operation: 'image', segments: V4_IMAGES },
  'image-to-image': { operation: 'image', segments: V4_IMAGES },
  'omni-image': { operation: 'omni-image', segments: V4_IMAGES },
};
const FAMILY_NAMES = Object.keys(FAMILIES);
const VIDEO_FAMILIES = FAMILY_NAMES.filter((family) => !family.endsWith('-image'));
/** Kling 4.0 accepts neither `options.external_task_id` nor `options.callback_url` (a router's pages, 2026-11-27). */
const TAKES_NO_EXTERNAL_ID = /^kling-(?:[a-z]+-)*4\.0(?:-|$)/i;

/** Legacy tasks: a create, its single query and its list. Paths are below `/v1/`. */
const LEGACY_TASKS: readonly [path: string, operation: OperationWord, product: Product][] = [
  ['videos/text2video', 'text-to-video', 'video'],
  ['videos/image2video', 'image-to-video', 'video'],
  ['videos/omni-video', 'omni-video', 'video'],
  ['videos/multi-image2video', 'multi-image-to-video', 'video'],
  ['videos/motion-control', 'motion-control', 'video'],
  ['videos/video-extend', 'video-extend', 'video'],
  ['videos/multi-elements', 'multi-elements', 'video'],
  ['videos/advanced-lip-sync', 'lip-sync', 'video'],
  ['videos/lip-sync', 'lip-sync', 'video'],
  ['videos/avatar/image2video', 'avatar', 'video'],
  ['videos/effects', 'effects', 'video'],
  ['audio/text-to-audio', 'text-to-audio', 'video'],
  ['audio/video-to-audio', 'video-to-audio', 'video'],
  ['images/generations', 'image', 'image'],
  ['images/omni-image', 'omni-image', 'image'],
  ['images/multi-image2image', 'multi-image-to-image', 'image'],
  ['images/editing/expand', 'image-expand', 'image'],
  // Priced in video units ($0.07); Kling's packs once had an own type for it.
  ['images/kolors-virtual-try-on', 'virtual-try-on', 'video'],
  ['general/ai-multi-shot', 'ai-multi-shot', 'image'],
  ['general/custom-voices', 'custom-voice', 'video'],
  ['general/advanced-custom-elements', 'custom-element', 'video'],
];

const SYNC_CREATES: readonly [path: string, operation: OperationWord][] = [
  ['/v1/videos/multi-elements/init-selection', 'elements-selection'],
  ['/v1/videos/multi-elements/add-selection', 'elements-selection'],
  ['/v1/videos/multi-elements/delete-selection', 'elements-selection'],
  ['/v1/videos/multi-elements/clear-selection', 'elements-selection'],
  ['/v1/videos/multi-elements/preview-selection', 'elements-selection'],
  ['/v1/videos/identify-face', 'identify-face'],
  ['/v1/videos/image-recognize', 'image-recognize'],
  ['/v1/audio/tts', 'tts'],
];

const LIBRARY: readonly [method: 'GET' | 'POST', path: string][] = [
  ['POST', '/v1/general/custom-elements'],
  ['GET', '/v1/general/custom-elements'],
  ['GET', '/v1/general/presets-voices'],
  ['GET', '/v1/general/advanced-presets-elements'],
  ['GET', '/v1/general/presets-elements'],
  ['POST', '/v1/general/delete-voices'],
  ['POST', '/v1/general/delete-elements'],
  ['POST', '/v1/general/delete-advanced-elements'],
];

const FREE: Pick<KlingRoute, 'knowsExternalId' | 'urlModel' | 'queryPath' | 'batchReadable'> = {
  knowsExternalId: false,
  urlModel: null,
  queryPath: null,
  batchReadable: false,
};

function newCreate(family: string, segment: string, models: ModelNames = LISTED_MODELS): KlingRoute {
  const operation = FAMILIES[family]?.operation ?? 'unknown';
  return {
    template: `/${family}/${segment}`,
    method: 'POST',
    kind: 'create',
    operation,
    product: family.endsWith('-image') ? 'image' : 'video',
    generation: 'new',
    knowsExternalId: !TAKES_NO_EXTERNAL_ID.test(segment),
    urlModel: NEW_MODELS[segment] ?? models.booked(segment),
    queryPath: null,
    batchReadable: true,
  };
}

function segmentsOf(family: string): readonly string[] {
  return FAMILIES[family]?.segments ?? [];
}

function legacyTask(path: string, operation: OperationWord, product: Product): KlingRoute[] {
  const base = `/v1/${path}`;
  const shared = {
    product,
    generation: 'legacy',
    urlModel: null,
    queryPath: base,
    batchReadable: true,
  } as const;
  const read = { ...shared, method: 'GET', kind: 'read', knowsExternalId: false } as const;
  return [
    { ...shared, template: base, method: 'POST', kind: 'create', operation, knowsExternalId: true },
    { ...read, template: `${base}/{id}`, operation: 'task-read' },
    { ...read, template: base, operation: 'task-list' },
  ];
}

function freeRoute(
  given: Pick<KlingRoute, 'method' | 'template' | 'operation' | 'generation' | 'kind'>,
): KlingRoute {
  return { ...FREE, ...given, product: 'video' };
}

/** Every route, except those of unknown models of the new generation. */
export const ROUTES: readonly KlingRoute[] = [
  ...FAMILY_NAMES.flatMap((family) => segmentsOf(family).map((segment) => newCreate(family, segment))),
  freeRoute({ method: 'GET', template: '/tasks', kind: 'read', operation: 'task-read', generation: 'new' }),
  freeRoute({ method: 'POST', template: '/tasks', kind: 'read', operation: 'task-list', generation: 'new' }),
  ...LEGACY_TASKS.flatMap((row) => legacyTask(...row)),
  ...SYNC_CREATES.map(([template, operation]): KlingRoute => {
    return {
      ...FREE,
      method: 'POST',
      template,
      kind: 'sync_create',
      operation,
      product: 'video',
      generation: 'legacy',
    };
  }),
  ...LIBRARY.map(([method, template]) => {
    const kind = method === 'GET' ? 'read' : 'write';
    return freeRoute({ method, template, kind, operation: 'library', generation: 'legacy' });
  }),
  freeRoute({
    method: 'GET',
    template: '/account/costs',
    kind: 'read',
    operation: 'account',
    generation: 'account',
  }),
  ...['/account/billing/package', '/account/billing/balance'].map((template) =>
    freeRoute({ method: 'POST', template, kind: 'read', operation: 'account', generation: 'account' }),
  ),
];

/** Creates of models that Kling sells only on other paths: clients send them nevertheless. */
const MISPLACED_MODELS: readonly KlingRoute[] = VIDEO_FAMILIES.flatMap((family) =>
  Object.keys(NEW_MODELS)
    .filter((segment) => !segmentsOf(family).includes(segment))
    .map((segment) => newCreate(family, segment)),
);
/** Creates of unknown models of the new generation, one for each family of videos. */
const UNKNOWN_MODELS: readonly KlingRoute[] = VIDEO_FAMILIES.map((family) => newCreate(family, '{model}'));

const UNKNOWN: RouteMatch = { kind: 'unknown' };
const NO_PARAMS: Readonly<Record<string, string>> = {};

/** Gives the route that an override with a path of its own adds; its price is the override's. */
function overrideRoute(path: string, override: PriceOverride, models: ModelNames): KlingRoute {
  const [, family = '', segment = ''] = path.split('/');
  const isFamily = VIDEO_FAMILIES.includes(family) && path === `/${family}/${segment}`;
  if (isFamily) return newCreate(family, segment, models);
  const isLegacy = path.startsWith('/v1/');
  return {
    ...UNKNOWN_CREATE,
    template: path,
    operation: override.operation ?? 'unknown',
    generation: isLegacy ? 'legacy' : 'new',
    knowsExternalId: true,
    queryPath: isLegacy ? path : null,
  };
}

/**
 * Makes a table of the routes above and of those that the operator's price overrides add. `models` finds the name of a
 * model that only the path names.
 */
export function routesWith(
  overrides: readonly PriceOverride[],
  models: ModelNames = LISTED_MODELS,
): RouteTable {
  const routes = [...ROUTES];
  for (const override of overrides) {
    const { path } = override;
    if (path === null || routes.some((it) => it.template === path && it.method === 'POST')) continue;
    routes.push(overrideRoute(path, override, models));
  }
  return new Table(routes, models);
}

class Table implements RouteTable {
  readonly routes: readonly KlingRoute[];
  /** Routes without parameters, by method and path. */
  readonly #exact: Readonly<Record<'GET' | 'POST', Map<string, RouteMatch>>> = {
    GET: new Map(),
    POST: new Map(),
  };
  /** Routes whose last segment is a parameter, by method and the path before it. */
  readonly #below: Readonly<Record<'GET' | 'POST', Map<string, KlingRoute>>> = {
    GET: new Map(),
    POST: new Map(),
  };
  readonly #byTemplate = new Map<string, KlingRoute>();
  /** Templates, or the path before their parameter, by their folded form. */
  readonly #byFold = { exact: new Map<string, string>(), below: new Map<string, string>() };

  readonly #models: ModelNames;

  constructor(routes: readonly KlingRoute[], models: ModelNames) {
    this.routes = routes;
    this.#models = models;
    for (const route of [...UNKNOWN_MODELS, ...MISPLACED_MODELS, ...routes]) this.#add(route);
  }

  #add(route: KlingRoute): void {
    const { method, template } = route;
    this.#byTemplate.set(`${method} ${template}`, route);
    const at = template.indexOf('/{');
    if (at >= 0) {
      const before = template.slice(0, at);
      this.#below[method].set(before, route);
      this.#byFold.below.set(`${method} ${before.toLowerCase()}`, before);
      return;
    }
    this.#exact[method].set(template, { kind: 'match', route, params: NO_PARAMS });
    this.#byFold.exact.set(`${method} ${template.toLowerCase()}`, template);
  }

  find(method: string, path: string): RouteMatch {
    const wanted = method === 'HEAD' ? 'GET' : method;
    if (wanted === 'GET' || wanted === 'POST') {
      const match = this.#exact[wanted].get(path) ?? this.#withParameter(wanted, path);
      if (match !== undefined) return match;
      // No POST below a task's own path is a documented read: it may be a new create.
      if (wanted === 'POST' && !this.#exact.GET.has(path)) return UNKNOWN;
    }
    return this.#otherMethod(path);
  }

  spelling(method: string, path: string): string | null {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const plain = path.replaceAll(/\/+/g, '/').replace(/\/$/, '');
    const at = plain.lastIndexOf('/');
    for (const each of [wanted, wanted === 'GET' ? 'POST' : 'GET']) {
      const exact = this.#byFold.exact.get(`${each} ${plain.toLowerCase()}`);
      if (exact !== undefined) return exact;
      const below =
        at > 0 ? this.#byFold.below.get(`${each} ${plain.slice(0, at).toLowerCase()}`) : undefined;
      if (below !== undefined) return below + plain.slice(at);
    }
    return null;
  }

  byTemplate(template: string, method = 'POST'): KlingRoute | null {
    return this.#byTemplate.get(`${method} ${template}`) ?? null;
  }

  #withParameter(method: 'GET' | 'POST', path: string): RouteMatch | undefined {
    const at = path.lastIndexOf('/');
    if (at <= 0 || at === path.length - 1) return undefined;
    const route = this.#below[method].get(path.slice(0, at));
    if (route === undefined) return undefined;
    const value = path.slice(at + 1);
    if (method === 'GET') return { kind: 'match', route, params: { id: value } };
    return { kind: 'match', route: this.#named(route, value), params: { model: value } };
  }

  /** Gives the route of an unknown model, with its name if the config has it. */
  #named(route: KlingRoute, segment: string): KlingRoute {
    const urlModel = this.#models.booked(segment);
    const knowsExternalId = route.knowsExternalId && !TAKES_NO_EXTERNAL_ID.test(segment);
    const isPlain = urlModel === OTHER_MODEL && knowsExternalId === route.knowsExternalId;
    return isPlain ? route : { ...route, urlModel, knowsExternalId };
  }

  #otherMethod(path: string): RouteMatch {
    const has = (method: 'GET' | 'POST'): boolean =>
      this.#exact[method].has(path) || this.#withParameter(method, path) !== undefined;
    const allowed = [...(has('GET') ? ['GET', 'HEAD'] : []), ...(has('POST') ? ['POST'] : [])];
    return allowed.length === 0 ? UNKNOWN : { kind: 'method', allowed };
  }
}

/** The table without additions. */
export const DEFAULT_ROUTES: RouteTable = new Table(ROUTES, LISTED_MODELS);

/** Finds a request's route among those of Kling's own pages. */
export function findRoute(method: string, path: string): RouteMatch {
  return DEFAULT_ROUTES.find(method, path);
}
