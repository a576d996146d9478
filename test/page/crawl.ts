/** Everything that the control plane can be asked for by GET: pages, live pages and the API, with what each answered. */
import { NAVIGATION } from '../../src/page/layout.ts';
import { until } from '../app/calls.ts';
import { followPage, read, TYPED } from './reader.ts';

/** One answer, by what was asked. */
export interface Found {
  asked: string;
  status: number;
  text: string;
}

export interface CrawlOptions {
  controlUrl: string;
  headers?: Record<string, string>;
  /** With which the API's own description is read, if others may not. */
  operator?: Record<string, string>;
  /** Values of the API's parameters, such as the id of a task. */
  params: Readonly<Record<string, string>>;
  /** Whether pages are followed live too: that takes some seconds. */
  withLive?: boolean;
  /** Further pages, such as that of a task. */
  pages: readonly string[];
}

/** Asks for every page in each language, its live sections, and every GET of the API. */
export async function crawl(options: CrawlOptions): Promise<Found[]> {
  const { controlUrl, headers = {}, params, pages, withLive = false } = options;
  const found: Found[] = [];
  const ask = async (path: string, more: Record<string, string> = {}): Promise<string> => {
    const { status, headers: answered, text } = await read(controlUrl + path, { ...headers, ...more });
    found.push({ asked: path, status, text: `${JSON.stringify(answered)}\n${text}` });
    return text;
  };
  const live = new Set<string>();
  for (const path of [...NAVIGATION.map(([, target]) => target), ...pages]) {
    for (const language of ['en', 'zh']) {
      const text = await ask(path, { ...TYPED, 'accept-language': language });
      if (withLive && /<section [^>]*data-live/.test(text)) live.add(path);
    }
  }
  // All at once: each is made only every few seconds.
  const frames = await Promise.all([...live].map((path) => liveText(controlUrl, path, headers)));
  [...live].forEach((path, at) => found.push({ asked: `live ${path}`, status: 200, text: frames[at] ?? '' }));
  for (const path of await apiPaths(controlUrl, params, options.operator ?? headers)) await ask(path);
  for (const path of ['/page/files/nothing.js', '/nowhere', '/page/nowhere', '/v1/tasks/nothing'])
    await ask(path);
  return found;
}

async function liveText(controlUrl: string, path: string, headers: Record<string, string>): Promise<string> {
  const live = await followPage(`${controlUrl}/page/live?at=${encodeURIComponent(path)}`, headers);
  await until(`${path} is sent live`, () => /event: section|event: lost/.test(live.text()));
  live.close();
  return live.text();
}

/** The paths of the API's own description that are read, with their parameters filled in. */
async function apiPaths(
  controlUrl: string,
  params: CrawlOptions['params'],
  headers: Record<string, string>,
): Promise<string[]> {
  const { text } = await read(`${controlUrl}/openapi.json`, headers);
  const { paths } = JSON.parse(text) as { paths: Record<string, object> };
  const reads = Object.entries(paths).flatMap(([path, methods]) => ('get' in methods ? [path] : []));
  return ['/openapi.json', ...reads].map((path) =>
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? `no-${name}`)),
  );
}
