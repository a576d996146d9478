/** Finds what is not Chinese in the texts of a Chinese page, but for the kinds of text that docs/page.md names. */
import { MODES, OPERATIONS } from '../../src/words.ts';

/** Names of fields whose values are names and words of people, of Kling and of machines: they are shown as they are. */
const VALUE_FIELDS = new Set(
  (
    'id taskId holdId externalTaskId requestId klingRequestId fingerprint digest ticket voucherCode app tag actor name ' +
    'environment source file folder perValue budget promptPreview statusMessage model mode upstream account timeZone version ' +
    'subject url path store host type calendar method route'
  ).split(' '),
);
/** Units, formats and proper names that Chinese texts of this trade have in Latin letters. */
const COMMON =
  /\b(ID|API|CSV|HTTPS?|JSON|UTC|SHA|URL|TLS|CDN|JWT|AK|SK|OTLP|NTP|IANA|ISO|SIGHUP|AI|IP|SLA|USD|US|ms|p50|p95|p99|zip|MiB|GiB|\dxx|sidecar|doctor|Prometheus|Slack|Node|git|Tab|Enter|budgets|KLING_)(?![A-Za-z])/g;
/** Paths, addresses, commands, keys of the config and other names that are typed as they are; zones, clauses, times and hashes; what is quoted. */
const TYPED_NAMES =
  /(?:https?:\/)?\/[\w./{}:-]+|kling-sidecar(?: [!-~]+)*|--[a-z-]+|[A-Za-z]+(?:_[A-Za-z0-9]+)+|[a-z][\w-]*(?:\[\])?(?:\.[a-z][\w-]*)+|\b[a-z]+[A-Z]\w*|[A-Z][a-z]+\/[A-Z][A-Za-z_]+|\d\.\d\([ivx]+\)|\d{4}-\d\d-\d\dT[\d:.]+Z|\d{4}-\d\d-[0-9a-f]{8}\b|\b(?:key-|ak-)?[0-9a-f]{12,}\b|“[^”]*”|[\w.]+@[\w.]+/g;
const LATIN = /[A-Za-z]{2,}(?:[ '’-]+[A-Za-z]+)*/g;

/** The values of the API that pages show as they are. */
export class ShownValues {
  readonly #values = new Set<string>([...OPERATIONS, ...MODES]);

  /** Keeps the names and words of an answer. */
  keep(answer: unknown, field = ''): void {
    if (typeof answer === 'string') {
      if (VALUE_FIELDS.has(field) && answer.length > 1) this.#values.add(answer);
    } else if (Array.isArray(answer)) for (const each of answer) this.keep(each, field);
    else if (typeof answer === 'object' && answer !== null) {
      // What the config has for the letters of claims: the claimant, the sources of fees.
      if ('key' in answer && 'value' in answer && String(answer.key).startsWith('claims.'))
        this.keep(answer.value, 'name');
      for (const [key, each] of Object.entries(answer)) this.keep(each, key);
    }
  }

  /** Gives the runs of Latin letters that are no name, value or unit. */
  latinIn(text: string): string[] {
    let rest = text.replaceAll(TYPED_NAMES, ' ');
    for (const value of [...this.#values].toSorted((a, b) => b.length - a.length))
      rest = without(rest, value);
    return rest.replaceAll(COMMON, ' ').match(LATIN) ?? [];
  }
}

/** Takes a value out of a text where it is a whole word. */
function without(text: string, value: string): string {
  if (!text.includes(value)) return text;
  const plain = value.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return text.replaceAll(new RegExp(`(?<![A-Za-z])${plain}(?![A-Za-z])`, 'g'), ' ');
}
