/**
 * The data plane as one value: its listeners, their open requests, and its end.
 *
 * It ends in three steps: `close` accepts nothing new, `idle` waits for open requests, `cut` closes the remaining connections.
 * The caller decides what happens in between, such as ending the requests to Kling.
 *
 * **Invariant**: a request is counted until its work has settled, also after its caller closed the connection.
 */
import type { Server } from 'node:http';
import { countWouldHave } from '../calls/would-have-table.ts';
import { recordRefusals } from '../calls/call-table.ts';
import type { Poller } from '../asking/poller.ts';
import type { PolledTasks } from '../asking/polled-tasks.ts';
import type { KeptCreate } from '../tasks/retry-table.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { Ms } from '../units.ts';
import type { Line } from '../upstream/line.ts';
import { BodyRoom } from './body-room.ts';
import { handleRequest, shuttingDown, type RequestDeps } from './handle-request.ts';
import { InFlight } from './in-flight.ts';
import { Injection } from './injection.ts';
import { sendKept } from './kept-create.ts';
import type { TlsPair } from './listener.ts';
import { LostAnswers } from './lost-answers.ts';
import { openListeners, type OpenListeners } from './open-listeners.ts';
import type { ListenConfig } from './proxy-config.ts';
import { SeenAnswers } from './seen-answers.ts';

/** The dependencies that the plane makes itself. */
type Made =
  | 'bodyRoom'
  | 'injection'
  | 'isDraining'
  | 'lostAnswers'
  | 'noteCapped'
  | 'noteWouldEdit'
  | 'observe'
  | 'recordRefusal'
  | 'seenAnswers';

export interface DataPlaneDeps extends Omit<RequestDeps, Made> {
  /** Records the task states in apps' own reads; never rejects. */
  observer: { observe(sightings: readonly TaskSighting[], line: Line): Promise<void> };
  polledTasks: Pick<PolledTasks, 'note'>;
  poller: Pick<Poller, 'noteRead'>;
}

export class DataPlane {
  readonly #deps: DataPlaneDeps;
  readonly #requestDeps: RequestDeps;
  readonly #inFlight: InFlight;
  readonly #lostAnswers: LostAnswers;
  #servers: readonly Server[] = [];
  #ports: number[] = [];
  #isDraining = false;

  constructor(deps: DataPlaneDeps) {
    this.#deps = deps;
    this.#inFlight = new InFlight(deps.clock);
    this.#lostAnswers = new LostAnswers(deps);
    this.#requestDeps = this.#makeRequestDeps();
  }

  /** The ports of the listeners, in the order of their opening. */
  get ports(): readonly number[] {
    return this.#ports;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /**
   * Opens all listeners or none. `onPort` is called when a port is open, before the first request on it.
   * @throws SidecarError `config_invalid` if an address cannot be opened; `shutting_down` after `close`.
   */
  async listen(config: ListenConfig, tls: TlsPair | null, onPort: () => void): Promise<OpenListeners> {
    const deps = this.#requestDeps;
    const handle: Parameters<typeof openListeners>[1]['handle'] = (request, response) =>
      this.#inFlight.follow(handleRequest(deps, request, response));
    const open = await openListeners(config, { handle, tls, clock: deps.clock }, (port) => {
      this.#ports.push(port);
      onPort();
    });
    this.#servers = open.servers;
    if (this.#isDraining) {
      this.close();
      throw shuttingDown();
    }
    return open;
  }

  /**
   * Makes and sends the next create of a chain of task retries, as an app's create; resolves when it is answered.
   * @throws SidecarError `shutting_down` after `close`, and as {@link sendKept}.
   */
  async sendKept(kept: KeptCreate): Promise<void> {
    if (this.#isDraining) throw shuttingDown();
    const sending = sendKept(this.#requestDeps, this.#deps.settings(), kept);
    this.#inFlight.follow(sending);
    await sending;
  }

  /** Accepts no more connections and requests. Idempotent. */
  close(): void {
    this.#isDraining = true;
    for (const server of this.#servers) server.close();
    for (const server of this.#servers) server.closeIdleConnections();
  }

  /** Waits until no request is open, at most `waitMs`. */
  idle(waitMs: Ms): Promise<void> {
    return this.#inFlight.idle(waitMs);
  }

  /** Closes the remaining connections, also those with open requests. */
  cut(): void {
    this.#lostAnswers.stop();
    for (const server of this.#servers) server.closeAllConnections();
  }

  #makeRequestDeps(): RequestDeps {
    const { store, telemetry, observer, polledTasks, poller } = this.#deps;
    return {
      ...this.#deps,
      injection: new Injection(),
      lostAnswers: this.#lostAnswers,
      seenAnswers: new SeenAnswers(),
      bodyRoom: new BodyRoom(this.#deps.clock),
      isDraining: () => this.#isDraining,
      observe(sightings, line, { app, isList }) {
        if (!isList) polledTasks.note(app, sightings);
        poller.noteRead(sightings);
        void observer.observe(sightings, line);
      },
      noteCapped: (app, sighting) => polledTasks.note(app, [sighting]),
      noteWouldEdit(app) {
        const word = 'external_task_id_added';
        store.later(countWouldHave, [{ word, app, budget: null, credits: 0 }]);
        telemetry.wouldRefuse(word);
      },
      recordRefusal: (refusal) => store.later(recordRefusals, [refusal]),
    };
  }
}
