/** Words in English: config and checklist. */
export const CONFIG = {
  config: {
    file: 'File',
    noFile: 'none: every value is its default or from the environment',
    readAt: 'Read at',
    shown: 'Shown',
    shownOf: (shown: string, total: string): string => `${shown} of ${total} values`,
    title: 'Values in use',
    restart: 'Waiting for a restart',
    restartWhy: 'These values were read after the start. The sidecar uses them after its next restart.',
    key: 'Key',
    value: 'Value',
    now: 'In use now',
    after: 'After the restart',
    origin: 'Where it came from',
    search: 'Find',
    searchExample: 'budgets, 5564, KLING_',
    origins: { file: 'the file', env: 'the environment', default: 'the default' },
    fromEnv: (name: string): string => `variable ${name}`,
    empty: 'No value matches. Empty the field to see all.',
  },
};
