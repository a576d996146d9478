/** Examples for the help of every command that does something; each is a command line that can be run as it is. */
import type { Command } from 'commander';

/** Example command lines by the command's words; the empty one is the program itself. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  '': ['kling-sidecar start', 'kling-sidecar status', 'kling-sidecar usage --by app,model'],
  start: ['kling-sidecar start', 'kling-sidecar start --config /etc/kling-sidecar/sidecar.config.json'],
  reload: ['kling-sidecar reload', 'kling-sidecar reload --reason "a larger budget for the launch"'],
  stop: ['kling-sidecar stop', 'kling-sidecar stop --reason "an upgrade" --actor anna'],
  init: ['kling-sidecar init ~/kling'],
  demo: ['kling-sidecar demo'],
  emulate: ['kling-sidecar emulate', 'kling-sidecar emulate --port 5566 --speed 20'],
  'config check': ['kling-sidecar config check', 'kling-sidecar config check --config new.config.json'],
  'config print': ['kling-sidecar config print', 'kling-sidecar config print --json'],
  estimate: [
    'kling-sidecar estimate creates.jsonl',
    'kling-sidecar estimate creates.jsonl --app web --tag spring',
    `echo '{"path":"/v1/videos/text2video","body":{"model_name":"kling-v2-6","duration":"5"}}' | kling-sidecar estimate -`,
  ],
  'export grafana': ['kling-sidecar export grafana boards'],
  'export prometheus': [
    'kling-sidecar export prometheus rules',
    'kling-sidecar export prometheus rules --force',
  ],
  status: ['kling-sidecar status', 'kling-sidecar status --would-have', 'kling-sidecar status --json'],
  queue: ['kling-sidecar queue', 'kling-sidecar queue --format csv'],
  tasks: [
    'kling-sidecar tasks --stuck',
    'kling-sidecar tasks --state failed --app web',
    'kling-sidecar tasks 179581380443621908',
  ],
  'tasks wait': [
    'kling-sidecar tasks wait 179581380443621908',
    'kling-sidecar tasks wait 179581380443621908 --timeout 30m --json',
  ],
  usage: [
    'kling-sidecar usage --by app,model',
    'kling-sidecar usage --from 2026-11-01 --to 2026-12-01 --format csv --all',
  ],
  'pricing suggest': ['kling-sidecar pricing suggest', 'kling-sidecar pricing suggest --tasks 20 --json'],
  packs: ['kling-sidecar packs', 'kling-sidecar packs --all --json'],
  reconcile: ['kling-sidecar reconcile', 'kling-sidecar reconcile --from 2026-11-01 --to 2026-12-01 --json'],
  'budget list': ['kling-sidecar budget list', 'kling-sidecar budget list --json'],
  'budget suggest': [
    'kling-sidecar budget suggest',
    'kling-sidecar budget suggest --headroom 50 --time-zone Asia/Shanghai',
  ],
  'budget raise': ['kling-sidecar budget raise daily --by 500 --until 2026-11-29 --reason "the launch"'],
  'holds list': ['kling-sidecar holds list --in-doubt', 'kling-sidecar holds list --state held --app web'],
  'holds release': ['kling-sidecar holds release hold_01m8f --reason "the console shows no task"'],
  'holds write-off': ['kling-sidecar holds write-off hold_01m8f --reason "the console shows it as charged"'],
  'ledger verify': ['kling-sidecar ledger verify'],
  'calls list': [
    'kling-sidecar calls list --kind refused',
    'kling-sidecar calls list --from 2026-11-27T08:00:00Z --all',
  ],
  'calls export': ['kling-sidecar calls export --month 2026-10 > calls-2026-10.jsonl'],
  import: ['kling-sidecar import calls.jsonl --source gateway-1', 'kling-sidecar import calls.jsonl --check'],
  'sla report': [
    'kling-sidecar sla report',
    'kling-sidecar sla report 2026-10 --format html > sla-2026-10.html',
  ],
  'sla exclude': [
    'kling-sidecar sla exclude --from 2026-10-10T06:00:00Z --to 2026-10-10T07:00:00Z --clause "2.2(i)" --source "their mail of 8 October"',
    'kling-sidecar sla exclude --list',
  ],
  'sla blame': [
    'kling-sidecar sla blame local --from 2026-10-10T06:00:00Z --to 2026-10-10T07:00:00Z --source "our firewall"',
  ],
  'sla verify': ['kling-sidecar sla verify 2026-10'],
  'claim draft': ['kling-sidecar claim draft 2026-10'],
  'claim list': ['kling-sidecar claim list', 'kling-sidecar claim list --format csv'],
  'claim show': ['kling-sidecar claim show 2026-10', 'kling-sidecar claim show 2026-10 --letter en'],
  'claim mark': [
    'kling-sidecar claim mark 2026-10 filed --ticket T-1',
    'kling-sidecar claim mark 2026-10 granted --voucher CODE --amount 120 --expires 2027-03-31',
  ],
  'alert list': ['kling-sidecar alert list', 'kling-sidecar alert list --json'],
  'alert test': ['kling-sidecar alert test', 'kling-sidecar alert test ops'],
  'alert silence': [
    'kling-sidecar alert silence budget_threshold --for 2h --reason "the launch, as planned"',
  ],
  'alert unsilence': ['kling-sidecar alert unsilence budget_threshold'],
  audit: [
    'kling-sidecar audit',
    'kling-sidecar audit --action budget.raise --from 2026-11-01',
    'kling-sidecar audit --format csv --all > audit.csv',
  ],
  'jobs list': ['kling-sidecar jobs', 'kling-sidecar jobs list --format csv'],
  'jobs run': ['kling-sidecar jobs run backup --reason "before the move"'],
  'clock accept': ['kling-sidecar clock accept --reason "the test network has no time server"'],
  'clock reset': ['kling-sidecar clock reset --reason "the host was two days ahead"'],
  freeze: ['kling-sidecar freeze --reason "a loop in the batch app"'],
  unfreeze: ['kling-sidecar unfreeze --reason "the loop is fixed"'],
  backup: ['kling-sidecar backup before-upgrade.db'],
  restore: ['kling-sidecar restore before-upgrade.db'],
  health: ['kling-sidecar health && echo ready'],
  doctor: [
    'kling-sidecar doctor',
    'kling-sidecar doctor --checklist',
    'kling-sidecar doctor --checklist --format markdown > checklist.md',
  ],
  smoke: ['kling-sidecar smoke', 'kling-sidecar smoke --yes', 'kling-sidecar smoke --product image --yes'],
  completion: [
    'eval "$(kling-sidecar completion bash)"',
    'kling-sidecar completion fish > ~/.config/fish/completions/kling-sidecar.fish',
  ],
};

/** Adds the examples to the help of a command and of all below it. */
export function addExamples(command: Command, parents: readonly string[] = []): void {
  const lines = EXAMPLES[parents.join(' ')] ?? [];
  const heading = lines.length === 1 ? 'Example' : 'Examples';
  if (lines.length > 0)
    command.addHelpText('after', `\n${heading}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  for (const child of command.commands) addExamples(child, [...parents, child.name()]);
}
