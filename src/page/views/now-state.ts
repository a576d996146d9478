/** The state of the sidecar in one line: what a person must know first, the worst first. */
import type { StatusAnswer } from '../../control/schemas.ts';
import { h, type Part } from '../element.ts';
import { facts, link } from '../table.ts';
import { asCode } from '../value-words.ts';
import type { PageContext } from '../view.ts';

type Level = 'well' | 'notice' | 'trouble';

/** What is not well: how bad, in words, and the address of what is behind it. */
interface Trouble {
  level: Level;
  text: string;
  href?: string;
}

/** Shows what is not well, or that everything is, and the state of each part. */
export function stateOf(context: PageContext, status: StatusAnswer): Part {
  const { words, format } = context;
  const found = troublesOf(context, status);
  const troubles: readonly Trouble[] =
    found.length === 0 ? [{ level: 'well', text: words.state.well }] : found;
  return [
    h(
      'ul',
      { class: 'troubles' },
      troubles.map(({ level, text, href }) =>
        h('li', { class: level }, href === undefined ? text : link(href, text)),
      ),
    ),
    factsOf(context, status),
    status.freeze &&
      h(
        'p',
        { class: 'trouble' },
        words.orders.frozenBy(
          status.freeze.actor,
          format.fullTime(status.freeze.since),
          status.freeze.reason,
        ),
      ),
    causesOf(context, status).map((cause) => h('p', { class: 'notes' }, cause)),
  ];
}

function troublesOf({ words, links }: PageContext, status: StatusAnswer): readonly Trouble[] {
  const { state } = words;
  const { kling, budgets } = status;
  const usedUp = budgets.some(({ mode, remainingCredits }) => mode === 'enforce' && remainingCredits <= 0);
  const all: (readonly [isSo: boolean, Trouble])[] = [
    [status.frozen, { level: 'trouble', text: state.frozen, href: '#orders' }],
    [kling.credentials === 'refused', { level: 'trouble', text: state.refused }],
    [kling.unreachable !== null, { level: 'trouble', text: state.unreachable, href: '#hour' }],
    [status.breaker.open, { level: 'trouble', text: state.breaker, href: '#hour' }],
    [status.stops.length > 0, { level: 'trouble', text: state.stopped }],
    [status.adoption?.state === 'waiting', { level: 'notice', text: state.adopting }],
    [usedUp, { level: 'notice', text: state.usedUp, href: '#budgets' }],
    [status.alerts.firingCount > 0, { level: 'notice', text: state.alerts, href: links.to('/page/alerts') }],
    [
      status.inDoubtHolds > 0,
      { level: 'notice', text: state.doubt, href: links.to('/page/holds', { inDoubt: 'true' }) },
    ],
  ];
  return all.filter(([isSo]) => isSo).map(([, trouble]) => trouble);
}

function factsOf(context: PageContext, status: StatusAnswer): Part {
  const { words, format, links } = context;
  const { state } = words;
  const { kling, breaker, account } = status;
  const credentials = { unknown: state.unknown, accepted: state.accepted, refused: state.rejected };
  return facts([
    [state.mode, status.mode === 'observe' ? state.observe : state.protect],
    [state.spending, status.frozen ? state.isFrozen : state.isFree],
    [state.upstream, status.upstream],
    [state.account, account === null ? null : link(links.to('/page/spending'), account)],
    [state.credentials, credentials[kling.credentials]],
    [state.breakerName, breaker.open ? state.breakerOpen(format.time(breaker.since)) : state.breakerClosed],
    [state.lastAnswer, lastAnswerOf(context, kling.lastAnswer)],
    [state.environment, status.environment],
    [state.uptime, status.uptimeSeconds === 0 ? null : format.duration(status.uptimeSeconds * 1000)],
    [state.clock, status.clockOffsetMs === null ? null : format.ms(status.clockOffsetMs)],
    [state.version, status.version],
  ]);
}

function lastAnswerOf(
  { words, format, links }: PageContext,
  answer: StatusAnswer['kling']['lastAnswer'],
): Part {
  if (answer === null) return words.state.noAnswer;
  const code = answer.code === null ? null : `${words.calls.code} ${answer.code}`;
  const said = [format.time(answer.at), `HTTP ${answer.status}`, code].filter((part) => part !== null);
  return link(links.to('/page/calls'), said.join(' · '));
}

/** Gives what is known of why something is not well. */
function causesOf(context: PageContext, { kling, breaker, stops }: StatusAnswer): Part[] {
  const { words, say, format } = context;
  const { state } = words;
  const { refusal, unreachable } = kling;
  const said = (code: number, message: string): Part => [`${words.calls.code} ${code} `, say(message)];
  return [
    refusal && joined([format.fullTime(refusal.since), said(refusal.code, refusal.message)]),
    unreachable && joined([format.fullTime(unreachable.since), say(unreachable.cause)]),
    breaker.open
      ? joined([
          [`${state.breakerName}: `, breaker.cause === null ? words.none : say(breaker.cause)],
          `${state.nextTry} ${format.time(breaker.nextProbeAt)}`,
        ])
      : null,
    ...stops.map(({ code, message, product, operation, model, since, nextProbeAt }) =>
      joined([
        said(code, message),
        product === null ? null : words.values.products[product],
        operation === null ? null : asCode(operation),
        model,
        format.fullTime(since),
        `${state.nextTry} ${format.time(nextProbeAt)}`,
      ]),
    ),
  ].filter((cause) => cause !== null);
}

/** Writes what there is of some parts, with dots between. */
function joined(parts: readonly Part[]): Part {
  return parts.filter((part) => part !== null).map((part, at) => (at === 0 ? part : [' · ', part]));
}
