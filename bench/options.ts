/** The benchmark's command line: checked whole before anything is started. */
import { parseArgs } from 'node:util';
import { PEER_NAMES, type PeerName } from './peer.ts';

/** The sections that can be selected, in the order of the output. `pages` and `big` are measured only if they are selected. */
export const SECTIONS = [
  'creates',
  'reads',
  'lives',
  'variants',
  'ready',
  'large',
  'idle',
  'beside',
  'scrape',
  'pages',
  'big',
] as const;
export type Section = (typeof SECTIONS)[number];

export interface Options {
  sections: Section[];
  /** Length of one measured point, whole seconds. */
  seconds: number;
  rounds: number;
  /** Requests of each kind before they are measured. */
  warmRequests: number;
  only: PeerName[] | null;
  openTasks: number;
  rows: number;
  /** In the store of the section `pages`. */
  calls: number;
  /** Slices of creates beside open pages, and as many without. */
  slices: number;
  isQuick: boolean;
  json: boolean;
  output: string | null;
  help: boolean;
}

/** The options of a run of about a minute. */
const QUICK_SECTIONS: readonly Section[] = ['creates', 'reads', 'ready'];
const QUICK_PEERS: readonly PeerName[] = ['caddy', 'bare', 'portkey', 'floor', 'sidecar'];
const SLOW_SECTIONS: readonly Section[] = ['pages', 'big'];

export const USAGE = `npm run bench -- [options]

  --quick          creates, reads and ready alone, one round of a second a point: about a minute
  --section NAME   measure only this, repeatable: ${SECTIONS.join(', ')} (${SLOW_SECTIONS.join(', ')} only when asked for)
  --only PEER      measure only this peer, repeatable: ${PEER_NAMES.join(', ')} (direct always runs)
  --seconds N      length of one measured point (1 to 60, default 2)
  --rounds N       rounds over all peers (1 to 20, default 3); figures are medians over rounds
  --warm N         requests of each kind before they are measured (1 to 1000000, default 10000; 3000 with --quick)
  --open-tasks N   open tasks of the sections idle, beside and pages (1 to 1000000, default 10000); scrape has ten times as many
  --rows N         creates in the store of the section big (1000 to 100000000, default 10000000)
  --calls N        calls in the store of the section pages (1000 to 100000000, default 1000000)
  --slices N       slices of creates beside open pages, and as many without (1 to 200, default 10)
  --json           print JSON in place of the tables
  --output FILE    write the JSON to a file as well
  --help           print this
`;

/**
 * Reads the options.
 * @throws Error that names the option, the given value and the allowed values.
 */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      section: { type: 'string', multiple: true },
      only: { type: 'string', multiple: true },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      warm: { type: 'string' },
      'open-tasks': { type: 'string', default: '10000' },
      rows: { type: 'string', default: '10000000' },
      calls: { type: 'string', default: '1000000' },
      slices: { type: 'string', default: '10' },
      json: { type: 'boolean', default: false },
      output: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  return {
    sections: sections(values.section, quick),
    seconds: wholeNumber('--seconds', values.seconds ?? (quick ? '1' : '2'), [1, 60]),
    rounds: wholeNumber('--rounds', values.rounds ?? (quick ? '1' : '3'), [1, 20]),
    warmRequests: wholeNumber('--warm', values.warm ?? (quick ? '3000' : '10000'), [1, 1_000_000]),
    only:
      values.only === undefined
        ? quick
          ? [...QUICK_PEERS]
          : null
        : oneOf('--only', values.only, PEER_NAMES),
    openTasks: wholeNumber('--open-tasks', values['open-tasks'], [1, 1_000_000]),
    rows: wholeNumber('--rows', values.rows, [1000, 100_000_000]),
    calls: wholeNumber('--calls', values.calls, [1000, 100_000_000]),
    slices: wholeNumber('--slices', values.slices, [1, 200]),
    isQuick: quick,
    json: values.json,
    output: values.output ?? null,
    help: values.help,
  };
}

function sections(given: readonly string[] | undefined, isQuick: boolean): Section[] {
  if (given !== undefined) return oneOf('--section', given, SECTIONS);
  return isQuick ? [...QUICK_SECTIONS] : SECTIONS.filter((name) => !SLOW_SECTIONS.includes(name));
}

function wholeNumber(option: string, text: string, [least, most]: readonly [number, number]): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${option} is "${text}": allowed are whole numbers from ${least} to ${most}`);
}

/** Reads a repeatable option, each with one name or several between commas. */
function oneOf<T extends string>(option: string, given: readonly string[], allowed: readonly T[]): T[] {
  return given
    .flatMap((list) => list.split(','))
    .map((text) => {
      const found = allowed.find((name) => name === text);
      if (found !== undefined) return found;
      throw new Error(`${option} is "${text}": allowed are ${allowed.join(', ')}`);
    });
}
