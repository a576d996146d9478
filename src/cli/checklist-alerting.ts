/** Whether anybody hears of a rule's alerts: the rule is on, a channel is there, and it took a message. */
import type { RuleWord } from '../alerts/rule-words.ts';
import type { Evidence } from './checklist-evidence.ts';
import { passed, together, warned, type Verdict } from './checklist-lines.ts';
import { durationText, sentence } from './doctor-check.ts';

/** Judges a rule; `what` names it for people, such as "the failure rate". */
export function heardOf(evidence: Evidence, rule: RuleWord, what: string): Verdict {
  const { settings } = evidence.config.alerts;
  const { isOn, channels } = settings.rules[rule];
  if (!isOn)
    return warned(`The rule ${rule} is off: nobody hears of ${what}.`, `Set alerts.rules.${rule} to true.`);
  const names = channels ?? settings.channels;
  if (names.length === 0) {
    return warned(
      `No alert channel is configured: ${what} is only in the log and the metrics.`,
      'Add a channel to alerts.channels, or let Prometheus alert: kling-sidecar export prometheus.',
    );
  }
  // One channel that works is enough to be heard; the others are the business of doctor.
  const verdicts = names.map((name) => channelVerdict(evidence, name));
  const heard = verdicts.filter(({ level }) => level === 'ok');
  return heard.length > 0 ? together(heard) : together(verdicts);
}

function channelVerdict({ alerts, now }: Evidence, name: string): Verdict {
  const channel = alerts?.channels.find((one) => one.name === name);
  const test = `Try it: kling-sidecar alert test ${name}.`;
  const problem = channel?.lastError ?? channel?.lastTestError ?? null;
  if (problem !== null) return warned(sentence(`The channel ${name} takes no messages: ${problem}`), test);
  const times = [channel?.lastDeliveredAt, channel?.lastTestAt].flatMap((at) => at ?? []);
  if (times.length === 0) return warned(`The channel ${name} was never sent anything.`, test);
  return passed(`The channel ${name} took a message ${durationText(now - Math.max(...times))} ago.`);
}
