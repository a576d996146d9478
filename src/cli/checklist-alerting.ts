/** Checks that a rule's alerts are delivered: the rule is on, there is a channel, and it took a message. */
import type { RuleWord } from '../alerts/rule-words.ts';
import type { Evidence } from './checklist-evidence.ts';
import { together, warned, verdictOf, type LineVerdict } from '../check.ts';
import { checkChannel } from '../alerts/alert-checks.ts';

/** Checks a rule; `what` names it for people, such as "a stuck task". */
export function heardOf(evidence: Evidence, rule: RuleWord, what: string): LineVerdict {
  const { settings } = evidence.config.alerts;
  const { isOn, channels } = settings.rules[rule];
  if (!isOn)
    return warned(`The rule ${rule} is off: nobody hears of ${what}.`, `Set alerts.rules.${rule} to true.`);
  const names = channels ?? settings.channels;
  if (names.length === 0) {
    return warned(
      `No alert channel is configured: ${what} is only in the log and the metrics.`,
      'Add a channel to alerts.channels (docs/alerts.md), or let Prometheus alert: kling-sidecar export prometheus.',
    );
  }
  // One working channel is enough; the others are on doctor's line.
  const verdicts = names.map((name) => channelVerdict(evidence, name));
  const heard = verdicts.filter(({ level }) => level === 'ok');
  return together(heard.length > 0 ? heard : verdicts);
}

function channelVerdict({ channels, now }: Evidence, name: string): LineVerdict {
  const channel = channels?.find((one) => one.name === name);
  if (channel) return verdictOf(checkChannel(channel, now));
  return warned(
    `What the channel ${name} took is not known: the sidecar has not run with it.`,
    `Start it, then: alert test ${name}.`,
  );
}
