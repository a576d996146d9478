/** The adoption of the running app: made from the config, and logged. */
import { priceRules } from './prices.ts';
import { Adoption, GIVE_UP_MS, type AdoptionDeps, type AdoptionReports } from '../asking/adoption.ts';
import type { Config } from '../config/config.ts';
import { highestPrice } from '../kling/highest-price.ts';
import type { RouteTable } from '../kling/routes.ts';
import type { Slots } from '../pacing/slots.ts';
import type { Log } from '../telemetry/log.ts';
import { lowerLimit, toCredits, type MilliCredits, type Product } from '../units.ts';
import type { Upstream } from '../upstream/upstream.ts';

export interface AdoptionInput extends Pick<
  AdoptionDeps,
  'store' | 'ledger' | 'ask' | 'clock' | 'clockLook' | 'clockTrust'
> {
  config: () => Config;
  routes: () => RouteTable;
  upstream: Pick<Upstream, 'line'>;
  slots: Pick<Slots, 'occupy'>;
  log: Log;
}

/** Makes the adoption; it reads the store when it is begun, and Kling's books when it is started. */
export function openAdoption({ config, routes, upstream, slots, log, ...deps }: AdoptionInput): Adoption {
  const { clock } = deps;
  const highest = (product: Product): MilliCredits => highestOf(config(), { product, clock });
  return new Adoption({
    ...deps,
    isOn: () => config().store.adopt,
    budgets: () => config().budgets,
    line: () => upstream.line,
    read: () => ({
      credentials: upstream.line.tokens.kind,
      routes: routes(),
      price: config().price,
      highest,
    }),
    onHolds(holds) {
      for (const { holdId, product, operation, at } of holds)
        slots.occupy(holdId, { product, operation, model: null, weight: 1 }, Math.max(0, clock.now() - at));
    },
    reports: adoptionReports(log),
  });
}

/** The most that a create can cost; in mode `protect` no create of ours is above `creates.maxCreditsEach`. */
function highestOf(
  config: Config,
  { product, clock }: { product: Product; clock: AdoptionInput['clock'] },
): MilliCredits {
  const { routes, pricing } = priceRules(config, clock);
  const highest = highestPrice(product, { routes, options: pricing });
  return config.mode === 'protect'
    ? (lowerLimit(highest, config.creates.maxCreditsEach) ?? highest)
    : highest;
}

function adoptionReports(log: Log): AdoptionReports {
  return {
    onAdopted({ openTasks, heldCredits, endedTasks, settledCredits }) {
      const message =
        'the store is new: what the account spends in the present windows was taken over from Kling';
      log.info(message, {
        event: 'store_adopted',
        openTasks,
        heldCredits: toCredits(heldCredits),
        endedTasks,
        settledCredits: toCredits(settledCredits),
      });
    },
    onProblem(problem, isGivenUp) {
      const message = isGivenUp
        ? `the store is new, and what the account spends could not be read in ${GIVE_UP_MS / 60_000} minutes: creates are admitted without`
        : 'the store is new, and what the account spends could not be read completely';
      log.warn(message, {
        event: 'adoption_problem',
        problem,
        creates: isGivenUp ? 'admitted' : 'unchanged',
      });
    },
    onError: (message, error) => log.error(message, { event: 'background_failed', error }),
  };
}
