/** The parts of a running app that ask Kling: pool, upstream, slots, look-ups, poller, and the recorder of ends. */
import { reportHealth } from './health.ts';
import { openAdoption } from './adoption.ts';
import { openPacing, type Pacing } from './pacing.ts';
import { openResultServing, type ResultServing } from './result-serving.ts';
import { openResults, type AppResults } from './results.ts';
import { openGates, type Gates } from './stops.ts';
import type { CallRecord } from '../calls/call.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Secrets } from '../config/secrets.ts';
import type { Fact } from '../facts.ts';
import type { RouteTable } from '../kling/routes.ts';
import { Delivery, type Receiver } from '../outbox/delivery.ts';
import { isHeard } from '../outbox/heard-facts.ts';
import { Instance } from '../ledger/instance.ts';
import { Ledger } from '../outbox/ledger.ts';
import { MoneySums } from '../ledger/money-sums.ts';
import { Observer, type ObserverDeps } from '../ledger/observer.ts';
import { SumsCheck } from '../ledger/sums-check.ts';
import { UsageSumming } from '../ledger/usage-summing.ts';
import { AccountReader, type AccountReaderDeps } from '../asking/account-reader.ts';
import type { Adoption } from '../asking/adoption.ts';
import { buildClocks, type Clocks } from '../asking/clocks.ts';
import { Doubts } from '../asking/doubt.ts';
import { TaskDurations } from '../asking/task-durations.ts';
import { PolledTasks } from '../asking/polled-tasks.ts';
import { Poller, type PollerDeps } from '../asking/poller.ts';
import { Closing } from '../proxy/closing.ts';
import { PollCap } from '../proxy/poll-cap.ts';
import { LastFreeze } from '../proxy/last-freeze.ts';
import { CallJournal } from '../sla/call-journal.ts';
import { SlaWatch, type SlaWatchDeps } from '../sla/watch.ts';
import type { StuckLimits } from '../tasks/stuck-limits.ts';
import { StoreWatch } from '../store/store-watch.ts';
import { TaskRetrier } from '../task-retries/retrier.ts';
import type { Store } from '../store/store.ts';
import { HoldTraces } from '../telemetry/hold-traces.ts';
import { BudgetForecast } from '../telemetry/forecast.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { LineOptions } from '../upstream/line.ts';
import { createAsk, type AskKling } from '../upstream/ask.ts';
import { Upstream } from '../upstream/upstream.ts';

export interface AppParts extends Clocks, Pacing, Gates, ResultServing {
  store: Store;
  ledger: Ledger;
  upstream: Upstream;
  sums: MoneySums;
  sumsCheck: SumsCheck;
  usageSumming: UsageSumming;
  doubts: Doubts;
  poller: Poller;
  account: AccountReader;
  adoption: Adoption;
  results: AppResults;
  closing: Closing;
  observer: Observer;
  callJournal: CallJournal;
  watch: SlaWatch;
  delivery: Delivery;
  lastFreeze: LastFreeze;
  polledTasks: PolledTasks;
  durations: TaskDurations;
  pollCap: PollCap;
  storeWatch: StoreWatch;
  instance: Instance;
  budgetForecast: BudgetForecast;
  /** Journals an attempt with its count, within 100 ms, and takes note of one that never arrived. */
  journal: (call: CallRecord) => void;
  traces: HoldTraces;
  ask: AskKling;
  taskRetrier: TaskRetrier;
}

/** What the parts work with; what a reload changes is a function. */
export interface PartsInput {
  store: Store;
  clock: Clock;
  log: Log;
  telemetry: Telemetry;
  config: () => Config;
  /** The line to Kling that config and secrets name. */
  line: LineOptions;
  routes: () => RouteTable;
  /** The instance's name; null: the store's own. */
  instance: string | null;
  secrets: () => Secrets;
  /** The control plane's own address. */
  controlUrl: () => string;
  /** Hears all facts after the parts. */
  onFacts: (facts: readonly Fact[]) => void;
}

/** Builds the parts; nothing is asked or timed before they are started. */
export function buildParts(input: PartsInput): AppParts {
  const { store, clock, log, telemetry, config } = input;
  const upstream = openUpstream(input);
  const gates = openGates(input, upstream);
  const own = openOwn(input);
  const stuck = (): StuckLimits => own.durations.limits;
  const money = openSums(input, stuck);
  const traces = new HoldTraces({ store, telemetry, clock });
  const publish = (facts: readonly Fact[]): void => {
    telemetry.facts(facts);
    traces.facts(facts);
    follow(facts, [money.sums, ...followersOf(own), poller, taskRetrier, results, slotKeepers]);
    input.onFacts(facts);
    if (facts.some(isHeard)) delivery.wake();
  };
  const onError = backgroundErrors(log);
  const ledger = new Ledger({ store, publish, onError });
  const delivery = new Delivery({ store, clock, onError, receivers: receiversOf(telemetry) });
  const onCall = (call: CallRecord): void => {
    watch.noteCall(call);
    slots.noteCall(call);
  };
  const { journalOwn, ...journals } = openJournals(input, onCall);
  const ask = createAsk({ upstream, clock, journal: journalOwn, traces });
  const watch = openWatch(input, ask);
  const clocks = buildClocks({ store, upstream, clock, log, ask });
  const pacing = openPacing({ store, clock, dated: clocks.dated, config, upstream, ask, stuck, onError });
  const { slots, slotKeepers } = pacing;
  slots.onPause = telemetry.poolPaused;
  const shared = { store, ledger, clock: clocks.dated, onError };
  const asking = { ...shared, ask, ...readingOf(input, upstream) };
  const doubts = new Doubts({ ...asking, ages: clocks.ages, onLookedUp: telemetry.lookedUp });
  upstream.onRecovery = () => doubts.noteRecovery();
  const poller = new Poller({
    ...asking,
    ...pollerSettings(config),
    stuck,
    isWanted: (product) => slots.isWanted(product),
  });
  const taskRetrier = openRetrier(input, clocks.dated);
  const serving = openResultServing({ ...input, clock: clocks.dated, onError });
  const results = openResults({ ...asking, ...serving, config, telemetry });
  return {
    ...clocks,
    ...money,
    ...gates,
    ...own,
    ...journals,
    store,
    ledger,
    upstream,
    ...pacing,
    doubts,
    poller,
    account: new AccountReader({ ...asking, ...ofAccount(upstream, pacing), clock }),
    results,
    ...serving,
    adoption: openAdoption({ ...input, ...asking, ...clocks, upstream, slots }),
    closing: new Closing({ ...shared, onCall }),
    observer: openObserver(log, { ledger, clock: clocks.dated }),
    usageSumming: new UsageSumming({ store, clock: clocks.dated, onError }),
    watch,
    delivery,
    ask,
    instance: new Instance({ store, clock, name: input.instance, onReplaced: logReplaced(log), onError }),
    traces,
    taskRetrier,
  };
}

function openRetrier({ store, config, telemetry, log }: PartsInput, dated: Clock): TaskRetrier {
  return new TaskRetrier({
    store,
    clock: dated,
    rules: () => (config().mode === 'protect' ? config().tasks.retryFailed : []),
    events: telemetry,
    random: Math.random,
    onError: backgroundErrors(log),
  });
}

/** Gives what Kling's answers are asked for and read by. */
function readingOf({ routes, config }: PartsInput, upstream: Upstream) {
  return { routes, price: () => config().price, credentials: () => upstream.line.tokens.kind };
}

/** A part that learns from facts. */
interface Follower {
  follow(facts: readonly Fact[]): void;
}

function followersOf({ lastFreeze, durations, pollCap }: ReturnType<typeof openOwn>): Follower[] {
  return [lastFreeze, durations, pollCap];
}

function follow(facts: readonly Fact[], followers: readonly Follower[]): void {
  for (const each of followers) each.follow(facts);
}

/** Makes the parts that need none of the others. */
function openOwn(
  input: PartsInput,
): Pick<AppParts, 'lastFreeze' | 'polledTasks' | 'durations' | 'pollCap' | 'storeWatch' | 'budgetForecast'> {
  return {
    lastFreeze: new LastFreeze(),
    polledTasks: new PolledTasks(input.clock),
    durations: new TaskDurations(() => input.config().tasks),
    pollCap: new PollCap(input.clock),
    storeWatch: openStoreWatch(input),
    budgetForecast: new BudgetForecast(),
  };
}

function ofAccount(
  upstream: Upstream,
  { limits }: Pick<Pacing, 'limits'>,
): Pick<AccountReaderDeps, 'line' | 'onPacks'> {
  return { line: () => upstream.line, onPacks: limits.notePacks };
}

function backgroundErrors(log: Log): (message: string, error: unknown) => void {
  return (message, error) => log.error(message, { event: 'background_failed', error });
}

function logReplaced(log: Log): () => void {
  const message = 'another instance has taken over this one’s creates: creates are refused until a restart';
  return () => log.error(message, { event: 'instance_replaced' });
}

function openUpstream({ clock, log, telemetry, line }: PartsInput): Upstream {
  const upstream = new Upstream({ ...line, clock });
  reportHealth(upstream, log, telemetry);
  return upstream;
}

function pollerSettings(config: () => Config): Pick<PollerDeps, 'isOn' | 'intervalMs' | 'requestsPerMinute'> {
  return {
    isOn: () => config().tasks.poll,
    intervalMs: () => config().tasks.pollIntervalMs,
    requestsPerMinute: () => config().limits.requestsPerMinute,
  };
}

/** Who hears the facts of the outbox; each has a row in `outbox_receivers`. */
function receiversOf(telemetry: Telemetry): Receiver[] {
  return [{ name: 'log', deliver: telemetry.factHeard }];
}

function openCallJournal({ store, clock, log, telemetry, instance }: PartsInput): CallJournal {
  return new CallJournal({
    store,
    clock,
    instance,
    onLost(count, error) {
      telemetry.readUnrecorded(count);
      log.warn('records of calls were lost', { event: 'records_lost', count, error });
    },
  });
}

/** Opens the journal: `journal` takes the calls of apps, and `journalOwn` our own, which nothing else reports. */
function openJournals(
  input: PartsInput,
  onCall: (call: CallRecord) => void,
): Pick<AppParts, 'callJournal' | 'journal'> & { journalOwn: (call: CallRecord) => void } {
  const callJournal = openCallJournal(input);
  const journal = (call: CallRecord): void => {
    callJournal.add(call);
    onCall(call);
  };
  const journalOwn = (call: CallRecord): void => {
    journal(call);
    input.telemetry.callEnded(call);
  };
  return { callJournal, journal, journalOwn };
}

function openWatch({ store, clock, log, config }: PartsInput, ask: SlaWatchDeps['ask']): SlaWatch {
  return new SlaWatch({
    store,
    clock,
    config,
    ask,
    onError: backgroundErrors(log),
    onChecked({ reached, resolved, detail }, blamed) {
      const fields = { event: 'control_check', reached, resolved, blamed, detail } as const;
      log.warn('Kling could not be reached; a control check was made', fields);
    },
    onProbeFailed: (error) =>
      log.warn('a window without requests could not be probed', { event: 'background_failed', error }),
  });
}

function openStoreWatch({ store, clock, log }: PartsInput): StoreWatch {
  return new StoreWatch({
    store,
    clock,
    onLost(why) {
      const message = 'the store was lost under the running sidecar: creates are refused until a restart';
      log.error(message, { event: 'store_lost', why });
    },
  });
}

function openSums(
  { store, clock, log }: PartsInput,
  stuck: () => StuckLimits,
): Pick<AppParts, 'sums' | 'sumsCheck'> {
  const sums = new MoneySums();
  return {
    sums,
    sumsCheck: new SumsCheck({ store, sums, clock, stuck, onError: backgroundErrors(log) }),
  };
}

function openObserver(log: Log, deps: Pick<ObserverDeps, 'ledger' | 'clock'>): Observer {
  return new Observer({
    ...deps,
    onUnrecorded(error) {
      const fields = { event: 'background_failed', error } as const;
      log.warn('what a read showed could not be recorded; the poller will see it', fields);
    },
  });
}
