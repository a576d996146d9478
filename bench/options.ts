/** The benchmark's command line: checked whole before anything is started. */
import { parseArgs } from 'node:util';
import { PEER_NAMES, type PeerName } from './peers.ts';

export interface Options {
  /** Length of one measured point, whole seconds. */
  seconds: number;
  rounds: number;
  only: PeerName[] | null;
  json: boolean;
  output: string | null;
  help: boolean;
}

export const USAGE = `npm run bench -- [options]

  --seconds N    length of one measured point (1 to 60, default 2)
  --rounds N     rounds over all peers (1 to 20, default 3); figures are medians over rounds
  --only PEER    measure only this peer, repeatable: ${PEER_NAMES.join(', ')} (direct always runs)
  --json         print JSON in place of the tables
  --output FILE  write the JSON to a file as well
  --help         print this
`;

/**
 * Reads the options.
 * @throws Error naming the option, what was given and what is allowed.
 */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      output: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    seconds: wholeNumber('--seconds', values.seconds, 60),
    rounds: wholeNumber('--rounds', values.rounds, 20),
    only: values.only === undefined ? null : values.only.flatMap((list) => list.split(',')).map(peerName),
    json: values.json,
    output: values.output ?? null,
    help: values.help,
  };
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`${option} is "${text}": allowed are whole numbers from 1 to ${most}`);
}

function peerName(text: string): PeerName {
  const found = PEER_NAMES.find((name) => name === text);
  if (found !== undefined) return found;
  throw new Error(`--only is "${text}": allowed are ${PEER_NAMES.join(', ')}`);
}
