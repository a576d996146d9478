/**
 * The web page of the control plane: which address shows what, and with which headers.
 *
 * A page is a reader of the API: it asks the same questions as a program would, with the rights of its own request, and shows
 * the answers. The guard has checked host, origin and method before.
 *
 * **Invariant**: a page changes nothing, and starts nothing if another site opened it. No page runs a script but ours, whose bytes its policy names; none can be framed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { comesFromElsewhere, type Passed } from '../control/guard.ts';
import type { Problem } from '../control/problem.ts';
import type { FetchApi, WebPage } from '../control/web-page.ts';
import type { Ms } from '../units.ts';
import { ApiProblem, ApiReader } from './api-reader.ts';
import { htmlOf, h, type Part } from './element.ts';
import { fileAt, FILES_PREFIX, pageFiles, type PageFile, type PageFiles } from './files.ts';
import { Format } from './format.ts';
import { documentOf, sectionOf, type Frame } from './layout.ts';
import { Links } from './links.ts';
import { LivePages, type Snapshot } from './live.ts';
import { sayIn } from './said.ts';
import { spendingCsv } from './spending-csv.ts';
import { section, wholeView, type MakeView, type PageContext, type View } from './view.ts';
import { alertsView } from './views/alerts.ts';
import { auditView } from './views/audit.ts';
import { availabilityView } from './views/availability.ts';
import { callsView } from './views/calls.ts';
import { checklistView } from './views/checklist.ts';
import { claimView } from './views/claim.ts';
import { claimsView } from './views/claims.ts';
import { configView } from './views/config.ts';
import { holdsView } from './views/holds.ts';
import { nowView } from './views/now.ts';
import { queueView } from './views/queue.ts';
import { spendingView } from './views/spending.ts';
import { taskView } from './views/task.ts';
import { tasksView } from './views/tasks.ts';
import { wordOf } from './value-words.ts';
import { languageOf, WORDS } from './words/language.ts';
import { isZone } from '../zone.ts';

/** A month of availability is counted from thousands of windows: it is made again less often. */
const AVAILABILITY_EVERY_MS: Ms = 30_000;

const VIEWS: readonly (readonly [path: RegExp, make: MakeView, everyMs?: Ms])[] = [
  [/^\/$/, nowView],
  [/^\/page\/tasks$/, tasksView],
  [/^\/page\/tasks\/([^/]{1,200})$/, taskView],
  [/^\/page\/spending$/, spendingView],
  [/^\/page\/calls$/, callsView],
  [/^\/page\/holds$/, holdsView],
  [/^\/page\/queue$/, queueView],
  [/^\/page\/availability$/, availabilityView, AVAILABILITY_EVERY_MS],
  [/^\/page\/claims$/, claimsView],
  [/^\/page\/claims\/(\d{4}-\d{2})$/, claimView],
  [/^\/page\/alerts$/, alertsView],
  [/^\/page\/checklist$/, checklistView],
  [/^\/page\/config$/, configView],
  [/^\/page\/audit$/, auditView],
];

const LIVE_PATH = '/page/live';
const CSV_PATH = '/page/spending.csv';

export interface PagesOptions {
  fetchApi: FetchApi;
  version: string;
  clock: Clock;
  /** The zone of times, if the address names none. */
  zone: () => string;
}

/** What a page's request asks for. */
interface Asked {
  path: string;
  query: URLSearchParams;
  acceptLanguage: string | null;
  passed: Passed;
  mayStart: boolean;
}

export class Pages implements WebPage {
  readonly #options: PagesOptions;
  readonly #live: LivePages;

  constructor(options: PagesOptions) {
    this.#options = options;
    this.#live = new LivePages(options.clock);
  }

  /** Answers a read of a page’s path that the guard let through. */
  async answer(request: IncomingMessage, response: ServerResponse, passed: Passed): Promise<void> {
    const [path = '/', search = ''] = (request.url ?? '/').split('?', 2);
    if (path.startsWith(FILES_PREFIX)) return sendFile(request, response, fileAt(path));
    const asked: Asked = {
      path,
      query: new URLSearchParams(search),
      acceptLanguage: request.headers['accept-language'] ?? null,
      passed,
      mayStart: !comesFromElsewhere(request),
    };
    if (path === LIVE_PATH) return this.#follow(request, response, asked);
    if (path === CSV_PATH) return this.#csv(response, asked);
    await this.#page(response, asked);
  }

  /** Ends the live pages. */
  close(): void {
    this.#live.close();
  }

  async #page(response: ServerResponse, asked: Asked): Promise<void> {
    const context = await this.#context(asked);
    const { view, status, needsToken } = await this.#view(context, asked.path, wholeView);
    const files = pageFiles();
    const language = languageOf(asked.query.get('lang'), asked.acceptLanguage);
    const frame: Frame = { path: asked.path, language, version: this.#options.version, files, needsToken };
    setPolicy(response, files);
    send(response, { status, type: 'text/html; charset=utf-8', body: documentOf(context, view, frame) });
  }

  /** Follows the page whose address is the parameter `at`. */
  #follow(
    request: IncomingMessage,
    response: ServerResponse,
    { query, acceptLanguage, passed }: Asked,
  ): void {
    if (!this.#live.hasRoom) {
      response.setHeader('retry-after', '10');
      return send(response, { status: 503, type: 'text/plain', body: 'Too many open pages.' });
    }
    const [path = '/', search = ''] = (query.get('at') ?? '/').split('?', 2);
    // A page that another site opened follows itself: so no renewal starts anything.
    const asked = { path, query: new URLSearchParams(search), acceptLanguage, passed, mayStart: false };
    const language = languageOf(asked.query.get('lang'), acceptLanguage);
    const key = JSON.stringify([path, asked.query.toString(), language, passed.isOperator]);
    request.socket.setNoDelay(true);
    const everyMs = VIEWS.find(([pattern]) => pattern.test(path))?.[2];
    this.#live.follow(key, response, { make: () => this.#snapshot(asked), ...(everyMs && { everyMs }) });
  }

  async #snapshot(asked: Asked): Promise<Snapshot> {
    const { view, needsToken } = await this.#view(await this.#context(asked), asked.path, renewed);
    if (needsToken) return null;
    return new Map(view.sections.map((each) => [each.id, htmlOf(sectionOf(each))]));
  }

  async #csv(response: ServerResponse, asked: Asked): Promise<void> {
    try {
      const body = await spendingCsv(await this.#context(asked));
      send(response, { status: 200, type: 'text/csv; charset=utf-8', body });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      send(response, { status: error.problem.status, type: 'text/plain', body: error.problem.detail });
    }
  }

  async #context({ query, acceptLanguage, passed, mayStart }: Asked): Promise<PageContext> {
    const { fetchApi, clock, zone } = this.#options;
    const language = languageOf(query.get('lang'), acceptLanguage);
    const words = WORDS[language];
    const format = new Format(language, { zone: zoneOf(query.get('zone'), zone()), words, now: clock.now() });
    const links = new Links(query);
    const api = new ApiReader(fetchApi, passed);
    return { api, query, mayStart, language, words, say: await sayIn(language), format, links };
  }

  /** Makes a page, or the page that says why there is none. */
  async #view(
    context: PageContext,
    path: string,
    complete: (view: View) => View | Promise<View>,
  ): Promise<{ view: View; status: number; needsToken: boolean }> {
    for (const [pattern, make] of VIEWS) {
      const match = pattern.exec(path);
      if (match === null) continue;
      try {
        const params = match.slice(1).map(decodeURIComponent);
        return { view: await complete(await make(context, params)), status: 200, needsToken: false };
      } catch (error) {
        if (error instanceof URIError) break;
        if (!(error instanceof ApiProblem)) throw error;
        const { status, word } = error.problem;
        const needsToken = word === 'token_required';
        const said = needsToken ? context.words.token.why : problemOf(context, error.problem);
        return { view: problemView(context, said), status, needsToken };
      }
    }
    return { view: problemView(context, context.words.problem.notFound), status: 404, needsToken: false };
  }
}

/** Says what the API refused: the kind in the page's language, then its sentence. */
function problemOf({ words, say }: PageContext, { word, detail }: Problem): Part {
  const kind = wordOf(words.values.problems, word);
  return kind === word ? say(detail) : [words.problem.kind(kind), say(detail)];
}

/** Keeps of a view what a live page renews. */
function renewed(view: View): View {
  return { ...view, sections: view.sections.filter(({ isLive }) => isLive) };
}

function problemView({ words, links }: PageContext, said: Part): View {
  const body = [h('p', null, said), h('p', null, h('a', { href: links.to('/') }, words.problem.back))];
  return { title: words.problem.title, sections: [section('problem', null, body, true)] };
}

function zoneOf(chosen: string | null, byDefault: string): string {
  return chosen !== null && chosen.length <= 64 && isZone(chosen) ? chosen : byDefault;
}

/** Names the bytes that may run on a page, and forbids every other source. */
function setPolicy(response: ServerResponse, files: PageFiles): void {
  const scripts = [files.script, files.chartScript, files.drawScript]
    .map(({ hash }) => `'${hash}'`)
    .join(' ');
  response.setHeader(
    'content-security-policy',
    [
      "default-src 'none'",
      `script-src ${scripts}`,
      "style-src 'self'",
      "img-src 'self'",
      "media-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  );
  response.setHeader('cross-origin-opener-policy', 'same-origin');
}

interface Answer {
  status: number;
  type: string;
  body: string;
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length });
  response.end(bytes);
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: PageFile | null): void {
  if (file === null)
    return send(response, { status: 404, type: 'text/plain', body: 'There is no such file.' });
  const etag = `"${file.hash}"`;
  response.setHeader('cache-control', 'public, max-age=31536000, immutable');
  response.setHeader('etag', etag);
  response.setHeader('vary', 'accept-encoding');
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  const isGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const body = isGzip ? file.gzipped : file.body;
  response.writeHead(200, {
    'content-type': file.type,
    'content-length': body.length,
    ...(isGzip && { 'content-encoding': 'gzip' }),
  });
  response.end(body);
}
