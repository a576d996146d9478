/** The table of rules in docs/alerts.md, made from the code. */
import { RULE_MEANINGS } from './rule-meanings.ts';
import { ruleDefault, type RuleWord } from './rule-words.ts';
import { CONFIGURED_RULES } from './rules-config.ts';
import { thresholdOf } from './thresholds.ts';

const BEGIN = '<!-- rules: npm run docs:alerts -->';
const END = '<!-- rules end -->';

/** Gives the page with the present table of rules. @throws Error if the page has no place for it. */
export function withRulesTable(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin)
    throw new Error(`docs/alerts.md has no place for the rules: ${BEGIN} … ${END}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${rulesTable()}\n${page.slice(end)}`;
}

function rulesTable(): string {
  const head = '| rule | says | threshold | severity |\n| --- | --- | --- | --- |\n';
  return head + CONFIGURED_RULES.map(row).join('');
}

function row(rule: RuleWord): string {
  const { severity, isOff } = ruleDefault(rule);
  const name = `[\`${rule}\`](runbooks/${rule}.md)`;
  return `| ${name} | ${RULE_MEANINGS[rule]} | ${thresholdText(rule)} | ${severity}${isOff ? ', off' : ''} |\n`;
}

function thresholdText(rule: RuleWord): string {
  const range = thresholdOf(rule);
  const { threshold } = ruleDefault(rule);
  if (range === null || threshold === undefined) return '-';
  const { unit, min, max } = range;
  const [value, least, most] = [threshold, min, max].map((number) => number.toLocaleString('en-US'));
  if (unit === 'share') return `${value}, ${threshold * 100} % (${least} to ${most})`;
  return `${value} ${value === '1' ? unit.replace(/s$/, '') : unit} (${least} to ${most})`;
}
