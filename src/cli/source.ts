/**
 * Where commands read from: the running sidecar, or the store itself while none runs.
 *
 * **Invariant**: both give the same JSON, since both are answered by the control plane's own routes; without a
 * daemon the store is opened for reading alone, and what would change something is refused as `daemon_required`.
 */
import { SidecarError } from '../errors.ts';
import { askDaemon, bodyOf, controlAddress, type Ask } from './control-client.ts';
import type { Context } from './context.ts';

export interface Source {
  kind: 'daemon' | 'store';
  get(path: string): Promise<unknown>;
  /** For questions with a body, such as an estimate; changes nothing. */
  post(path: string, body: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Finds the running sidecar, else opens the store.
 * @throws SidecarError `store_missing` if no sidecar has run yet, and as the store's opening does.
 */
export async function openSource(context: Context): Promise<Source> {
  return (await isRunning(context)) ? daemonSource(context) : await storeSource(context);
}

/**
 * Returns whether a sidecar answers at the control address.
 * @throws SidecarError `ledger_unavailable` if another program does.
 */
export async function isRunning(context: Context): Promise<boolean> {
  const reply = await askDaemon(context, { method: 'GET', path: '/livez' });
  if (!reply) return false;
  if (reply.status === 200 && (reply.body as { status?: unknown } | null)?.status === 'ok') return true;
  const { host, port } = controlAddress(context.loaded().config.control);
  throw new SidecarError(
    'ledger_unavailable',
    `What listens at ${host}:${port} is no sidecar’s control plane.`,
  );
}

function daemonSource(context: Context): Source {
  const ask = async (question: Ask): Promise<unknown> => {
    const reply = await askDaemon(context, question);
    if (!reply) throw new SidecarError('ledger_unavailable', 'The sidecar stopped while it was asked.');
    return bodyOf(reply);
  };
  return {
    kind: 'daemon',
    get: (path) => ask({ method: 'GET', path }),
    post: (path, body) => ask({ method: 'POST', path, body }),
    close: () => Promise.resolve(),
  };
}

async function storeSource(context: Context): Promise<Source> {
  const { openOffline } = await import('./offline.ts');
  const { config } = context.loaded();
  const offline = await openOffline(config, context.terminal.clock).catch((error: unknown) => {
    throw nothingYet(error, config.store.path);
  });
  const ask = async (question: Ask): Promise<unknown> => bodyOf(await offline.answer(question));
  return {
    kind: 'store',
    get: (path) => ask({ method: 'GET', path }),
    post: (path, body) => ask({ method: 'POST', path, body }),
    close: () => offline.close(),
  };
}

function nothingYet(error: unknown, path: string): unknown {
  if (!(error instanceof SidecarError) || error.code !== 'store_missing') return error;
  const message = `No sidecar runs, and there is no store at ${path} yet: kling-sidecar start makes one.`;
  return new SidecarError('store_missing', message, { cause: error });
}

/**
 * Orders a change of the running sidecar.
 * @throws SidecarError `daemon_required` if none runs, else as the control plane says.
 */
export async function order(context: Context, what: string, question: Ask): Promise<unknown> {
  // Asked first without the token: it is for no other program.
  const reply = (await isRunning(context)) ? await askDaemon(context, signed(context, question)) : undefined;
  if (reply) return bodyOf(reply);
  const { host, port } = controlAddress(context.loaded().config.control);
  throw new SidecarError(
    'daemon_required',
    `${what} needs a running sidecar, and none answers at ${host}:${port}: start it with kling-sidecar start.`,
  );
}

/** Adds who orders it. */
export function signed({ actor }: Context, question: Ask): Ask {
  return { ...question, body: { ...(question.body as object | undefined), actor } };
}
